"""Results as tables for people: dataclass → `Sheet` → rich table or plain text; Japanese first, English too.

`screened`, `checked` and `columns` make sheets, `render` draws them. No personal data is in any sheet, except
in those of `explained`, which are for the desk only.
"""
