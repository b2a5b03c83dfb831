"""Peers: GraphQL servers of other makes on the house's tables, as entries of the benchmark of speed."""

from benchmarks.speed.servers import Server

SERVERS: tuple[Server, ...] = ()
"""Those that are measured where they can be started."""
