"""Words: what the errors we make ourselves say in Chinese, and what no error says."""

import re

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

NO_CREDENTIAL = "This needs a credential: send `Authorization: Bearer <token>`."
ENDED_CREDENTIAL = "The credential you sent is unknown, expired or revoked."

PARTICULAR = {ENDED_CREDENTIAL: "登录凭证无效、已过期或已被吊销，请重新登录。"}
"""What stands for one message, and not for all of its code."""

UNSURE = {
    "en": " This may have been done: send it again with the same key to know.",
    "zh": "操作可能已经完成：请用相同的幂等键重新发送以确认。",
}
"""What a mutation adds that met a lost connection."""


def said(code: str, message: str, language: str) -> str:
    """The message of an error in the client's language: for people all of it, for developers its kind."""
    if language != "zh":
        return message
    if message in PARTICULAR:
        return PARTICULAR[message]
    if code in WHOLE:
        return WHOLE[code]
    return f"{LEADS[code]} {message}" if code in LEADS else message


BEGINS = re.compile(r"(?:Variable|Argument) '[^']*' has invalid (?:default )?value(?: at [^\s:]+)?: ")
UNLISTED = re.compile(r"Value .* (does not exist in '\w+' enum\..*)", re.DOTALL)
SHOWN = re.compile(r"(?:[,;]? found|(?<=[.?]) Found|(?<=value)): .*", re.DOTALL)
TOKEN = re.compile(r"(Syntax Error: .*?(?:Unexpected|found) (?:String|BlockString|Int|Float)) .*", re.DOTALL)


def unshown(message: str) -> str:
    """What is wrong with an input without the input itself, which may be a password and end up in a log.

    >>> unshown("Variable '$key' has invalid value: String cannot represent a non string value: 4711")
    "Variable '$key' has invalid value: String cannot represent a non string value."
    """
    if token := TOKEN.fullmatch(message):
        return f"{token[1]}."
    begun = BEGINS.match(message)
    place, wrong = message[: begun.end()] if begun else "", message[begun.end() if begun else 0 :]
    if unlisted := UNLISTED.fullmatch(wrong):
        return f"{place}The value {unlisted[1]}"
    shown = SHOWN.search(wrong)
    return f"{place}{wrong[: shown.start()].rstrip('.')}." if shown else message
