//! How large a frame and how deep a value may be.

use atoms::{Bus, DecodeErrorKind};

use super::events::One;
use super::{decode, encode, refusal};

#[test]
fn a_frame_over_the_limit_is_refused_before_it_is_looked_at() {
    let frame = r#"{"type":"test.one","n":5}"#;
    for (limit, is_read) in [(1, false), (frame.len() - 1, false), (frame.len(), true)] {
        let bus = Bus::builder().frame_limit(limit).start().unwrap();
        assert_eq!(bus.decode(frame.as_bytes()).is_ok(), is_read, "{limit}");
    }
    let bus = Bus::builder().frame_limit(4).start().unwrap();
    let error = bus.decode(b"\xff\xff\xff\xff\xff").unwrap_err();
    assert_eq!(error.to_string(), "cannot decode the frame: the frame has 5 bytes, and the limit is 4");
    assert!(matches!(error.kind(), DecodeErrorKind::TooLarge { size: 5, limit: 4 }));
    assert_eq!((error.event_type(), error.path(), error.place()), (None, "", None));
}

#[test]
fn the_limit_is_16_mebibytes_if_nothing_else_is_said() {
    let frame = |size: usize| {
        let frame = r#"{"type":"test.one","n":5,"x":""}"#;
        frame.replace(r#""""#, &format!("\"{}\"", "x".repeat(size - frame.len())))
    };
    assert!(decode(&frame(16 << 20)).is_ok());
    assert!(refusal(&frame((16 << 20) + 1)).contains("has 16777217 bytes, and the limit is 16777216"));
}

#[tokio::test]
async fn what_is_received_has_the_same_limit() {
    let bus = Bus::builder().frame_limit(30).start().unwrap();
    let receipt = bus.receive(br#"{"type":"test.one","n":5}"#).await.unwrap();
    assert_eq!((receipt.event_type(), receipt.is_unhandled()), ("test.one", true));
    assert!(bus.receive(br#"{"type":"test.one","n":5,"x":1}"#).await.is_err());
}

/// A frame that is `levels` deep: one for itself, the others for arrays in `member`.
fn deep(event_type: &str, member: &str, levels: usize) -> String {
    let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
    format!(r#"{{"type":"{event_type}","n":5,"{member}":{open}{close}}}"#)
}

#[test]
fn values_lie_in_each_other_up_to_127_levels() {
    for (event_type, member) in [("test.one", "more"), ("no.such", "more")] {
        let frame = deep(event_type, member, 127);
        let event = decode(&frame).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(event.downcast_ref::<One>().is_some(), event_type == "test.one");

        let error = decode(&deep(event_type, member, 128)).unwrap_err();
        assert!(matches!(error.kind(), DecodeErrorKind::TooDeep { limit: 127 }));
        assert!(
            error.to_string().ends_with("objects and arrays are nested deeper than 127 levels"),
            "{error}"
        );
    }
    let any = decode(&deep("test.any", "value", 127)).unwrap();
    assert!(decode(&encode(&any)).is_ok());
}

#[test]
fn a_frame_of_brackets_is_refused_in_no_time() {
    for frame in ["[".repeat(1024 * 1024), "{\"a\":".repeat(200_000), "[{\"".repeat(300_000)] {
        assert!(decode(&frame).is_err());
    }
}

#[test]
fn brackets_in_text_have_no_depth() {
    let text = "[{".repeat(1_000);
    for frame in [
        format!(r#"{{"type":"test.one","n":5,"x":"{text}"}}"#),
        format!(r#"{{"{text}":"\"{text}","n":5,"type":"test.one"}}"#),
    ] {
        assert!(decode(&frame).is_ok());
    }
}
