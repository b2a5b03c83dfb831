"""The compiler: a GraphQL operation becomes Python functions that ask its resolvers.

It knows strawberry and graphql-core and nothing of the schema it serves; any strawberry schema will do:

    executor = Executor(schema)
    plan = executor.plan(parse(source), operation_name)      # a valid document; keep the plan, it is costly
    result = await executor.execute(plan, context, variables)  # graphql-core's ExecutionResult

**From document to function.** `Plan` (in `_plans`) reads the variables and finds those that `@skip` and `@include`
depend on; for each set of their values it has a function written. `Writer` (in `_writing`) does that: graphql-core
itself collects the fields of a selection set, and the writer puts down, in plain Python, how each field's value is
come by and completed. What there is one of is written down in one function; below a list, a function takes all
objects of its level at once and returns their answers, so that there is one call, not one a parent. What a resolver
is given is made ready in `_asking`; how a leaf becomes a legal value stands in `_leaves`; lists, nulls and
interfaces in `_shapes`. `Plan.source` shows what was written.

**Only what goes well is compiled.** On any exception, null violation or value out of range a query is run again by
graphql-core, which gives the exact errors, their paths and the partial data; there is no second account of how
errors behave. A mutation's resolver runs exactly once: what it gave, or raised, graphql-core then completes. What
is not compiled at all (`Plan.reason` says why) graphql-core runs from the start; `Executor.counts` tells how often
each happened. Where compiled code fails and graphql-core meets nothing wrong, or where writing it failed, the fault
is the compiler's own: `tell` hears of it, once a plan.

**Batch fields.** A field whose metadata has a function under `BATCH` is a relation:
`async def batch(parents, context, **arguments) -> list` answers all parents of a level, in their order. It may be a
plain function, too, that gives the list where it is at hand, and else what is to be awaited. Compiled operations
call it directly, once a level, and once for all fields that have the same one and no arguments; in generic
execution the field's own resolver must do the like, by a DataLoader. A batch with a parameter `shown` is told which
attributes are shown of what it gives, by the names of their types, and need not come by others. Compiled code
awaits one thing after another, so that a connection is never asked two things at once.

**Objects that never change.** Of a class that is marked `@unchanging` each object is completed once for a selection
set that reads nothing but attributes, and its answer is told again, as long as there is room for it.

**What differs from graphql-core, and is allowed to.** `Info.path` names the fields without the places in lists; the
class of an object decides once whether it is of a type; sibling fields are not resolved concurrently.
"""

from schema.compiler._asking import BATCH, SHOWN, Shown
from schema.compiler._executing import Executor
from schema.compiler._faults import Fault
from schema.compiler._plans import Plan
from schema.compiler._shapes import by_class
from schema.compiler._telling import unchanging

__all__ = ["BATCH", "SHOWN", "Executor", "Fault", "Plan", "Shown", "by_class", "unchanging"]
