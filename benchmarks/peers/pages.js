// Pages of lists as a client sees them (schema/pages.py).

class PageInfo {
  constructor (edges, more, { backwards, key }) {
    this.edges = edges
    this.hasNextPage = backwards ? key !== null : more
    this.hasPreviousPage = backwards ? more : key !== null
  }

  get startCursor () {
    return this.edges.length ? this.edges[0].cursor : null
  }

  get endCursor () {
    return this.edges.length ? this.edges[this.edges.length - 1].cursor : null
  }
}

/** The connection of the rows fetched for a page, one more than asked for where there are more. */
export class Page {
  constructor (rows, page, edge) {
    const more = rows.length > page.limit
    if (more) rows.length = page.limit
    if (page.backwards) rows.reverse()
    this.nodes = rows
    this.edges = rows.map(edge)
    this.pageInfo = new PageInfo(this.edges, more, page)
  }
}
