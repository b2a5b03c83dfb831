// Starts GraphiQL with the example tabs and the role switch that the page was given.
(() => {
  "use strict";

  const given = JSON.parse(document.getElementById("given").textContent);
  const roles = Object.keys(given.tokens);
  const h = React.createElement;

  // A name of our own: the same address in development may have served another project's GraphiQL.
  const NAMESPACE = "loyalty";
  const storage = GraphiQL.createLocalStorage({ namespace: NAMESPACE });
  const TABS = "graphiql:tabState";
  const LAST_TOKENS = "tokens";
  const LAST_EXAMPLES = "examples";

  const read = (key) => {
    try {
      return JSON.parse(storage.getItem(key));
    } catch {
      return null;
    }
  };

  // Demo tokens live for a day; tabs are kept for longer. Put the new token where the old one was.
  const renewTokens = () => {
    const last = read(LAST_TOKENS) ?? {};
    for (const role of roles.filter((role) => last[role] && last[role] !== given.tokens[role])) {
      const kept = storage.getItem(TABS);
      if (kept) storage.setItem(TABS, kept.replaceAll(last[role], given.tokens[role]));
    }
    if (roles.length) storage.setItem(LAST_TOKENS, JSON.stringify(given.tokens));
    else storage.removeItem(LAST_TOKENS);
  };

  // New examples replace the old ones only while nobody has changed a tab.
  const renewExamples = () => {
    const queries = JSON.stringify(given.tabs.map((tab) => tab.query));
    const last = storage.getItem(LAST_EXAMPLES);
    const kept = JSON.stringify(read(TABS)?.tabs?.map((tab) => tab.query));
    if (last !== queries && kept === last) storage.removeItem(TABS);
    storage.setItem(LAST_EXAMPLES, queries);
  };

  const headersOf = (text) => {
    try {
      const headers = JSON.parse(text || "{}");
      return headers && typeof headers === "object" ? headers : {};
    } catch {
      return {};
    }
  };

  const NONE = "";
  const OTHER = "other";

  const roleOf = (text) => {
    const value = Object.entries(headersOf(text)).find(([name]) => name.toLowerCase() === "authorization")?.[1];
    if (value === undefined) return NONE;
    return roles.find((role) => value === `Bearer ${given.tokens[role]}`) ?? OTHER;
  };

  const withRole = (text, role) => {
    const others = Object.entries(headersOf(text)).filter(([name]) => name.toLowerCase() !== "authorization");
    const own = role === NONE ? [] : [["authorization", `Bearer ${given.tokens[role]}`]];
    return JSON.stringify(Object.fromEntries([...own, ...others]), null, 2);
  };

  const RoleSwitch = () => {
    const editor = GraphiQL.React.useEditorContext({ nonNull: true });
    const schema = GraphiQL.React.useSchemaContext({ nonNull: true });
    const headers = editor.tabs[editor.activeTabIndex]?.headers ?? "";
    const [role, setRole] = React.useState(roleOf(headers));
    React.useEffect(() => setRole(roleOf(headers)), [headers]);
    const change = (event) => {
      setRole(event.target.value);
      editor.headerEditor?.setValue(withRole(editor.headerEditor.getValue(), event.target.value));
      if (!schema.schema) schema.introspect();
    };
    return h(
      "label",
      { title: "Whose token this tab sends · 以谁的身份发送" },
      h("span", { className: "wide" }, "Role 身份"),
      h(
        "select",
        { value: role, onChange: change, "aria-label": "Role 身份" },
        ...roles.map((name) => h("option", { key: name, value: name }, name)),
        h("option", { key: NONE, value: NONE }, "none 无"),
        role === OTHER && h("option", { key: OTHER, value: OTHER, disabled: true }, "other 其他"),
      ),
    );
  };

  const reset = () => {
    if (!window.confirm("Replace your tabs by the examples? · 用示例替换所有标签页？")) return;
    storage.removeItem(TABS);
    // GraphiQL saves its tabs half a second after a change; leaving at once leaves nothing to save.
    window.location.reload();
  };

  const Corner = () =>
    h(
      "div",
      { className: "playground" },
      roles.length > 0 && h(RoleSwitch),
      given.tabs.length > 0 && h("button", { type: "button", className: "wide", onClick: reset }, "Examples 示例"),
    );

  renewTokens();
  renewExamples();

  const address = window.location.origin + window.location.pathname;
  const fetcher = GraphiQL.createFetcher({
    url: address,
    subscriptionUrl: address.replace(/^http/, "ws"),
    enableIncrementalDelivery: false,
  });
  const explorer = GraphiQLPluginExplorer.explorerPlugin();
  // GraphiQL takes neither variables nor headers from a default tab into its editors, and compares the kept tabs
  // with editors it has kept only in part, which adds a copy at a reload. So the editors are told what to show.
  const kept = read(TABS);
  const open = kept?.tabs?.[kept.activeTabIndex] ?? given.tabs[0];
  const opening = open && {
    query: open.query ?? "",
    variables: open.variables ?? "",
    headers: open.headers ?? "",
    ...(given.tabs.length > 0 && { defaultTabs: given.tabs }),
  };

  ReactDOM.createRoot(document.getElementById("graphiql")).render(
    h(
      GraphiQL,
      {
        fetcher,
        storage,
        plugins: [explorer],
        defaultQuery: "# Ctrl-Enter runs, Ctrl-Space completes.\n",
        defaultHeaders: roles.length ? withRole("", roles[0]) : "",
        defaultEditorToolsVisibility: true,
        inputValueDeprecation: true,
        shouldPersistHeaders: roles.length > 0,
        ...opening,
      },
      h(GraphiQL.Logo, null, h(Corner)),
    ),
  );
})();
