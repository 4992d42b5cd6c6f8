//! How agents speak.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};

/// The pause before each word, which makes an answer look as if a model wrote it.
const PAUSE: Duration = Duration::from_millis(20);

/// Returns a text word by word.
pub(crate) fn words(text: &str) -> impl Stream<Item = String> + use<> {
    let words: Vec<_> = text.split_inclusive(' ').map(str::to_owned).collect();
    stream::iter(words).then(|word| async move {
        tokio::time::sleep(PAUSE).await;
        word
    })
}
