// What a selection asks for, field by field: fragments are followed, and `@skip` is taken as asked for.
import { getArgumentValues, getNamedType } from 'graphql'

class Asked {
  constructor (type, nodes, info) {
    this.type = getNamedType(type)
    this.fields = new Map()
    for (const node of nodes) this.gather(node.selectionSet, info)
  }

  gather (selectionSet, info) {
    for (const each of selectionSet?.selections ?? []) {
      if (each.kind === 'Field') {
        const name = each.name.value
        if (!this.fields.has(name)) this.fields.set(name, [])
        this.fields.get(name).push(each)
      } else {
        this.gather((each.kind === 'FragmentSpread' ? info.fragments[each.name.value] : each).selectionSet, info)
      }
    }
    this.info = info
  }

  /** What is asked here, and there besides. */
  and (other) {
    for (const [name, nodes] of other?.fields ?? []) this.fields.set(name, [...this.fields.get(name) ?? [], ...nodes])
    return this
  }

  has (name) {
    return this.fields.has(name)
  }

  /** What is asked of a field; null when it is not asked for, or under several names with other arguments. */
  only (name) {
    const nodes = this.fields.get(name)
    if (nodes === undefined || (nodes.length > 1 && nodes.some(node => node.arguments.length))) return null
    const field = this.type.getFields()[name], asked = new Asked(field.type, nodes, this.info)
    asked.values = info => getArgumentValues(field, nodes[0], info.variableValues)
    return asked
  }
}

/** What is asked of the field being resolved. */
export const lookAhead = info => new Asked(info.returnType, info.fieldNodes, info)
