//! The chunks of OpenAI-compatible endpoints.

use serde_json::Value;

use super::Part;

impl Part {
    /// Returns the parts in a chunk of an OpenAI-compatible endpoint, a `chat.completion.chunk`. Only its first choice is read.
    ///
    /// ```
    /// use atoms::tools::Part;
    /// use serde_json::json;
    ///
    /// let chunk = json!({"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]});
    /// assert_eq!(Part::of_chunk(&chunk), [Part::Text("Hello".into()), Part::End]);
    /// ```
    pub fn of_chunk(chunk: &Value) -> Vec<Self> {
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        let text = delta["content"].as_str().filter(|text| !text.is_empty());
        let calls = delta["tool_calls"].as_array().into_iter().flatten();
        let calls = calls.enumerate().map(|(place, call)| of_call(place, call));
        let end = choice["finish_reason"].as_str().map(|_| Self::End);
        text.map(|text| Self::Text(text.into())).into_iter().chain(calls).chain(end).collect()
    }
}

fn of_call(place: usize, call: &Value) -> Part {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let index = call["index"].as_u64().and_then(|index| index.try_into().ok());
    Part::Call {
        // Some endpoints send none, and each call as a whole.
        index: index.unwrap_or(place),
        id: call["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned),
        name: text(&call["function"]["name"]),
        arguments: text(&call["function"]["arguments"]),
    }
}
