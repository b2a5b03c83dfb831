"""Wares: what the tea house of the demo and of the benchmark sells, and what its members are called."""

from random import Random  # noqa: TID251  who makes something up brings a generator with a seed
from typing import TypeAlias

Ware: TypeAlias = tuple[str, str, int]
"""An article's number, its name and its price in minor units."""

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹"
GIVEN = "雨晨子涵梓欣怡浩然宇轩思远佳宁嘉文静雅芳志强丽娟秀英建国晓明海燕春梅桂兰玉华俊杰若曦一诺"
GOODS = (
    ("TEA-LJ", "明前龙井 50g", 12_800),
    ("TEA-PE", "熟普洱饼 357g", 26_800),
    ("TEA-TG", "安溪铁观音 125g", 8_800),
    ("TEA-JM", "茉莉银针 100g", 9_900),
    ("CUP-01", "手作茶杯", 6_800),
    ("POT-01", "紫砂壶", 45_900),
    ("CAKE-1", "绿豆糕礼盒", 4_500),
    ("DRINK1", "冷泡茶", 1_800),
)


def basket(chance: Random) -> list[Ware]:
    """What somebody buys at once."""
    return chance.sample(GOODS, chance.choice((1, 1, 2, 3)))


def somebody(chance: Random) -> str:
    """A name as people have it."""
    return chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, chance.choice((1, 2))))
