"""What can be wrong with a database as a whole.

StoreError
├── DatabaseInUseError         another process serves this SQLite file
├── DatabaseUnusableError      what CHECKOUT_DATABASE_URL names cannot be a database of ours
├── DatabaseNotMigratedError   its tables are not those of this build
├── DatabaseUnreachableError   its server does not answer
└── RevisionUnknownError       this build has no such revision of the tables
"""


class StoreError(RuntimeError):
    """Something is wrong with the database as a whole."""

    code = "store_error"


class DatabaseInUseError(StoreError):
    """Another process already serves this SQLite file; stop it, or give this one its own file."""

    code = "database_in_use"


class DatabaseUnusableError(StoreError):
    """What CHECKOUT_DATABASE_URL names cannot be a database of ours."""

    code = "database_unusable"


class DatabaseNotMigratedError(StoreError):
    """A server's tables are not those of this build; `checkout migrate` brings them there."""

    code = "database_not_migrated"


class DatabaseUnreachableError(StoreError):
    """The server that CHECKOUT_DATABASE_URL names does not answer, or refuses this user or this database."""

    code = "database_unreachable"


class RevisionUnknownError(StoreError):
    """This build has no such revision of the tables: it is mistyped, or a later build's."""

    code = "revision_unknown"
