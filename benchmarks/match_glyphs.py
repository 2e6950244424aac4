"""Characters that stand for one another: glyphs of one kanji (異体字), and look-alikes of a bad copy (FAX, OCR).

Written down for this benchmark without a look at the library's own tables. 異体字 are the forms that 常用漢字表
gives in brackets (康熙字典体), those of 人名用漢字 Annex 2, and a few that people write and every clerk knows
(髙 﨑 𠮷 栁 冨 桒). 斎/斉, 富/富久, 芦/蘆 and the like are not here: they are different kanji.
Look-alikes are different characters: taking one for the other changes what is written.
"""

from __future__ import annotations

from typing import Final

_FORMS: Final = """
高髙 崎﨑 沢澤 浜濱濵 辺邊邉 斎齋 斉齊 広廣 島嶋嶌 国國 桜櫻 吉𠮷 真眞 恵惠 徳德 橋𣘺 柳栁 滝瀧 富冨 関關 亀龜
竜龍 豊豐 栄榮 静靜 実實 寿壽 礼禮 学學 黒黑 桑桒 峰峯 曽曾 遥遙 尭堯 穣穰 巌巖 瀬瀨 条條 団團 円圓 塩鹽 万萬
与與 会會 旧舊 鉄鐵 蔵藏 弥彌 渕淵 館舘 桧檜 児兒 勲勳 薫薰 緑綠 清淸 青靑 総總 戸戶 横橫 宝寶 穂穗 来來 稲稻
声聲 聡聰 浅淺 満滿 参參 壱壹 仏佛 伝傳 芸藝 麦麥 黄黃 戦戰 県縣 郷鄕 蛍螢 楽樂 当當 双雙 圭珪
"""
# One kanji at two code points: the second is what old programs put out.
_COMPATIBLE: Final = {
    "塚": 0xFA10, "晴": 0xFA12, "神": 0xFA19, "祥": 0xFA1A, "福": 0xFA1B, "靖": 0xFA1C, "精": 0xFA1D,
    "羽": 0xFA1E, "飯": 0xFA2A, "鶴": 0xFA2D, "隆": 0xF9DC, "朗": 0xF929, "敏": 0xFA41, "梅": 0xFA44,
    "海": 0xFA45, "渚": 0xFA46, "琢": 0xFA4A, "祐": 0xFA4F, "節": 0xFA56, "逸": 0xFA67, "響": 0xFA69,
    "都": 0xFA26, "諸": 0xFA22, "猪": 0xFA16,
}  # fmt: skip
_NOT_ONE: Final = {"圭"}  # 圭 and 珪 are two kanji of 人名用漢字

# Kanji a clerk or a machine takes for one another on a bad copy.
_ALIKE: Final = """
土士 未末 大太 大犬 千干 人入 日目 白自 石右 牛午 田由 田甲 木本 荻萩 鳥烏 島鳥 宮官 宮営 崎埼 熊態 藤籐 原厚 村材
林材 間問 間関 松杉 池他 佐左 伊仲 今令 和知 小少 上土 三二 川州 井丼 野里 谷各 森林 清晴 清請 美実 子干 一二 郎朗
浩治 浩活 裕祐 健建 隆降 幸辛 正王 誠試 明朋 博情 義儀 孝考 恵息 由田 真直 直真 智知 雄雌 也巴 夫天 夫矢 弘引 勝膳
和利 香看 菜葉 優憂 陽揚 太大 翔翊 結給 愛受 彩形 奈余 悠患 葵葉 央史 文丈 久夕 代伐 俊後 敏毎 進道 達遠 茂芝 昭照
高商 橋槁 渡度 辺込 斎済 近迫 加如 岡岳 坂板 西酉 金全 内肉 中申 水氷 矢失 平乎 丸九 内円 古占 八入 月日 工エ 口ロ 力カ
"""
_ALIKE_KANA: Final = (
    "ソン シツ クタ ワク ロ口 エ工 カ力 ニ二 ハ八 コユ マア ラヲ チテ ネホ ルレ ー一 タ夕 トド ハバ ヒビ ホポ"
)
_ALIKE_DIGITS: Final = "17 38 06 56 0O 1l 8B 5S 49 27 35 1I"


def _pairs(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for group in text.split():
        found.setdefault(group[0], []).extend(group[1:])
    return found


def _both_ways(text: str) -> dict[str, list[str]]:
    found = _pairs(text)
    for head, others in list(found.items()):
        for other in others:
            if head not in found.setdefault(other, []):
                found[other].append(head)
    return found


FORMS: Final = {head: others for head, others in _pairs(_FORMS).items() if head not in _NOT_ONE} | {
    head: [chr(point)] for head, point in _COMPATIBLE.items()
}
PLAIN: Final = {other: head for head, others in FORMS.items() for other in others}
ALIKE: Final = _both_ways(_ALIKE) | {
    head: others for head, others in _both_ways(_ALIKE_KANA).items() if head not in "口工力二八一夕"
}
ALIKE_DIGITS: Final = _both_ways(_ALIKE_DIGITS)


def plain(text: str) -> str:
    """The text in ordinary glyphs: two texts with one plain form are one name."""
    return "".join(PLAIN.get(char, char) for char in text)


def encodable(text: str, encoding: str) -> bool:
    """Whether the encoding holds the text."""
    return text.encode(encoding, "ignore").decode(encoding) == text
