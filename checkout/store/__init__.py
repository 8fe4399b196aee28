"""The database: one truth, reached through one unit of work. Knows tables, not what they are for."""
