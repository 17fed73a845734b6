"""The database engine that hands a connection to one partner, and the rights that go with it."""
