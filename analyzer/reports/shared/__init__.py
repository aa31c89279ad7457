"""Parts that several kinds of report share: records, sentences, numbers, pages, charts."""
