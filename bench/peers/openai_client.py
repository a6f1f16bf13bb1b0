"""Talks to an OpenAI server with the official Python client and prints, as one JSON object, what it was told: python openai_client.py BASE_URL MODEL EMBEDDER"""

import json
import sys

from openai import BadRequestError, OpenAI
from pydantic import BaseModel, Field

base_url, model, embedder = sys.argv[1:]
client = OpenAI(base_url=base_url, api_key="any", max_retries=0)
messages = [{"role": "developer", "content": "Be short."}, {"role": "user", "content": "Hi"}]
common = dict(model=model, seed=7, max_tokens=60)


class Weather(BaseModel):
    city: str = Field(max_length=12)
    days: int = Field(ge=1, le=7)
    note: str | None = Field(max_length=5)


parameters = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"], "additionalProperties": False}
tools = [{"type": "function", "function": {"name": "weather", "description": "Weather of a city", "parameters": parameters, "strict": True}}]
found = {"models": [one.id for one in client.models.list()]}

whole = client.chat.completions.create(messages=messages, logprobs=True, top_logprobs=2, **common)
found["text"] = whole.choices[0].message.content
found["logprobs"] = len(whole.choices[0].logprobs.content)
parts = list(client.chat.completions.create(messages=messages, stream=True, stream_options={"include_usage": True}, **common))
found["streamed"] = "".join(part.choices[0].delta.content or "" for part in parts if part.choices)
found["usage"] = parts[-1].usage.total_tokens
with client.chat.completions.stream(messages=messages, response_format=Weather, **common | dict(max_tokens=200)) as stream:
    found["events"] = sorted({event.type for event in stream})
    found["streamed_parsed"] = stream.get_final_completion().choices[0].message.parsed.model_dump()
parsed = client.chat.completions.parse(messages=messages, response_format=Weather, **common | dict(max_tokens=200))
found["parsed"] = parsed.choices[0].message.parsed.model_dump()
called = client.chat.completions.create(messages=messages, tools=tools, tool_choice="required", parallel_tool_calls=False, **common | dict(max_tokens=200))
call = called.choices[0].message.tool_calls[0]
found["called"] = [called.choices[0].finish_reason, call.function.name, json.loads(call.function.arguments)]
answer = {"role": "tool", "tool_call_id": call.id, "content": "rain"}
after = client.chat.completions.create(messages=[*messages, called.choices[0].message, answer], tools=tools, **common)
found["after"] = after.choices[0].finish_reason

found["completed"] = client.completions.create(prompt=["a", "b"], n=2, echo=True, **common).choices[3].text[:1]
found["vectors"] = [len(one.embedding) for one in client.embeddings.create(model=embedder, input=["a", "four"]).data]
try:
    client.chat.completions.create(messages=[{"role": "user", "content": "a" * 5000}], **common)
except BadRequestError as error:
    found["refused"] = error.code
print(json.dumps(found))
