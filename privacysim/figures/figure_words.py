"""The words of the figures in English and Chinese, and the font that Chinese needs."""

from __future__ import annotations

from functools import lru_cache

from privacysim.errors import InputError, did_you_mean

LANGUAGES = ("en", "zh")
_HAN = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Zen Hei",
        "WenQuanYi Micro Hei", "Microsoft YaHei", "SimHei", "PingFang SC", "Heiti SC", "Arial Unicode MS",
        "Noto Serif CJK SC", "Droid Sans Fallback", "AR PL UMing CN")  # fmt: skip
_ZH = {
    "ratio to {}": "与“{}”之比", "difference to {}": "与“{}”之差", "better": "更好", "low curve": "低曲线",
    "high curve": "高曲线", "share of people, least exposed first": "人口比例（暴露最少者在前）",
    "share of the whole": "占总量的比例", "How unequally it falls: {}": "分布不均的程度：{}", "Gini": "基尼系数",
    "no interval": "无区间", "low end": "低值", "high end": "高值", "days since the case": "立案后天数",
    "before anybody asks": "提出请求之前", "waiting for approval": "等待审批", "search and delivery": "检索与交付",
    "refused": "拒绝", "unavailable": "影像已不存", "detect": "探测", "observe": "观察", "recognise": "辨认",
    "identify": "识别", "days": "天", "days since its first act": "自首个行为起的天数",
    "the camera rules call it": "摄像规则视之为", "authorised": "有权", "ungoverned": "无规则（空白）",
    "prohibited": "被禁止",
}  # fmt: skip


def say(text: str, lang: str) -> str:
    """The text in that language; an unknown language or an untranslated text is an error, never a silent mixture."""
    return text if lang == "en" else _ZH[text]


@lru_cache(maxsize=2)
def han_font(lang: str) -> str:
    """A font of this machine that has Chinese characters; none is an error that says what to install."""
    if lang not in LANGUAGES:
        raise InputError("lang", "one of " + ", ".join(LANGUAGES), lang, did_you_mean(lang, LANGUAGES))
    from matplotlib import font_manager

    here = {font.name for font in font_manager.fontManager.ttflist}
    for name in _HAN:
        if name in here:
            return name
    raise InputError('lang="zh"', "a font with Chinese characters", "none is installed",
                     "install one, on Debian: apt-get install fonts-noto-cjk")  # fmt: skip
