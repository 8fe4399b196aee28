"""`checkout durable`: run, watch and answer durable executions from the command line, whatever their handlers do."""
