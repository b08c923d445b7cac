"""PostgreSQL for a checkout that has no server: a Django database engine that starts an embedded one when first asked.

A `DATABASE_URL` makes all of this idle: Django's own PostgreSQL engine is used then.
"""
