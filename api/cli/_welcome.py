"""The first screen: what a newcomer needs to try the demo."""

from api.settings import Settings


def welcome(found: Settings, address: tuple[str, int], tokens: dict[str, str]) -> str:
    """What is where, who may be played, and a line that works."""
    base = f"http://{address[0]}:{address[1]}"
    lines = [
        "",
        f"[bold]GraphiQL[/]    {base}/graphql        works offline, with example tabs",
        f"[bold]API[/]         {base}/graphql        POST, application/json",
    ]
    if found.simulates_wechat:
        lines.append(f"[bold]WeChat[/]      {base}/_wechat/       a simulator: log in with the code demo:xiaoyu")
    lines.append(f"[bold]Health[/]      {base}/readyz")
    if tokens:
        lines += ["", "[bold]Demo tokens[/] (24 hours, development only)"]
        lines += [f"  {name:<8} {token}" for name, token in tokens.items()]
        lines += [
            "",
            "[bold]Staff[/]       owner, admin, service, cashier, analyst; the password is demo-pass",
            "[bold]Try[/]",
            f"  curl -s {base}/graphql -H 'content-type: application/json' \\",
            f"    -H 'authorization: Bearer {tokens['Member']}' \\",
            """    -d '{"query":"{me{card{displayName} tier{name} points{available}}}"}'""",
            "",
            "[bold]Data[/]        松间茶社: 2,000 members, a year of purchases, four tiers, points that expire,",
            "            referrals in every state, a partner with a link, statistics and a settlement",
            "            `make demo-reset` forgets it",
        ]
    else:
        lines += ["", "This database holds a programme of its own; issue tokens with `loyalty token`."]
    return "\n".join([*lines, ""])
