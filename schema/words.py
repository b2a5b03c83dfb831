"""Words: what the errors we make ourselves say in Chinese."""

LEADS = {
    "BAD_REQUEST": "请求格式有误。",
    "BAD_USER_INPUT": "参数有误。",
    "FORBIDDEN": "没有权限。",
    "GRAPHQL_PARSE_FAILED": "查询语句无法解析。",
    "GRAPHQL_VALIDATION_FAILED": "查询语句不符合接口定义。",
    "OPERATION_TOO_COMPLEX": "查询过于复杂。",
}
"""What stands before the details, which stay English: they are for a developer."""

WHOLE = {
    "INTERNAL_SERVER_ERROR": "服务器出错了，请稍后重试。",
    "RATE_LIMITED": "操作过于频繁，请稍后再试。",
    "TIMEOUT": "处理超时。写操作可能已经完成：请用相同的幂等键重新发送以确认。",
    "UNAUTHENTICATED": "请先登录。",
    "UNAVAILABLE": "服务暂时不可用，请稍后重试。",
}
"""What stands for the whole message."""

UNSURE = {
    "en": " This may have been done: send it again with the same key to know.",
    "zh": "操作可能已经完成：请用相同的幂等键重新发送以确认。",
}
"""What a mutation adds that met a lost connection."""


def said(code: str, message: str, language: str) -> str:
    """The message of an error in the client's language: for people all of it, for developers its kind."""
    if language != "zh":
        return message
    if code in WHOLE:
        return WHOLE[code]
    return f"{LEADS[code]} {message}" if code in LEADS else message
