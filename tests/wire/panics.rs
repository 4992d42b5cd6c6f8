//! Code of the user's that panics while a frame is read or written is an error of that frame, and of no other.

use atoms::prelude::*;
use atoms::{
    Codec, DecodeError, DecodeErrorKind, EncodeError, EncodeErrorKind, EventInvalid, JsonCodec, Registry,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{decode, encode};

/// A number that panics where it is 13.
#[derive(Debug, Clone, PartialEq)]
struct Unlucky(u32);

impl Serialize for Unlucky {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, 13, "no luck in writing hunter2");
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Unlucky {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        assert_ne!(number, 13, "no luck in reading hunter2");
        Ok(Self(number))
    }
}

#[event(type = "test.unlucky")]
struct Draw {
    numbers: Vec<Unlucky>,
}

#[event(type = "test.unlucky.secret")]
struct SecretDraw {
    open: Unlucky,
    #[event(sensitive)]
    secret: Unlucky,
}

#[event(type = "test.unlucky.versions", version = 1)]
struct DrawV1 {
    #[event(sensitive)]
    secret: u32,
}

#[event(type = "test.unlucky.versions", version = 2, upcasts = DrawV1)]
struct DrawV2 {
    number: u32,
}

impl From<DrawV1> for DrawV2 {
    fn from(old: DrawV1) -> Self {
        assert_ne!(old.secret, 4_111, "{} is hunter2", old.secret);
        Self { number: old.secret }
    }
}

fn any<E: atoms::Event>(event: E) -> AnyEvent {
    Envelope::new(event).into()
}

fn draw(number: u32) -> AnyEvent {
    any(Draw { numbers: vec![Unlucky(1), Unlucky(number)] })
}

#[test]
fn a_panic_while_a_frame_is_read_is_an_error_of_that_frame() {
    let error = decode(r#"{"type":"test.unlucky","numbers":[13]}"#).unwrap_err();
    assert!(matches!(error.kind(), DecodeErrorKind::Panicked(_)));
    assert_eq!(error.event_type(), Some("test.unlucky"));
    assert!(error.to_string().starts_with("cannot decode `test.unlucky`: panicked: "), "{error}");
    assert!(error.to_string().contains("no luck in reading hunter2"), "{error}");
    assert!(decode(r#"{"type":"test.unlucky","numbers":[12]}"#).is_ok());
}

#[test]
fn a_panic_while_an_event_is_written_is_an_error_of_that_event() {
    let mut out = b"before".to_vec();
    let error = JsonCodec.encode(&draw(13), &mut out).unwrap_err();
    assert!(matches!(error.kind(), EncodeErrorKind::Panicked(_)));
    assert_eq!((error.event_type(), error.path(), &*out), ("test.unlucky", "numbers[1]", &b"before"[..]));
    assert!(error.to_string().contains("no luck in writing hunter2"), "{error}");
    JsonCodec.encode(&draw(12), &mut out).unwrap();
    assert!(out.starts_with(b"before{\"type\":\"test.unlucky\"") && out.ends_with(br#""numbers":[1,12]}"#));
}

#[test]
fn what_a_panic_says_of_a_sensitive_value_is_left_out() {
    for frame in [
        r#"{"type":"test.unlucky.secret","open":1,"secret":13}"#,
        r#"{"type":"test.unlucky.versions","secret":4111}"#,
    ] {
        let error = decode(frame).unwrap_err();
        assert!(matches!(error.kind(), DecodeErrorKind::Panicked(_)), "{error}");
        let all = format!("{error} {error:?}");
        assert!(!all.contains("hunter2") && !all.contains("4111"), "{all}");
    }
    let secret = |open, secret| any(SecretDraw { open: Unlucky(open), secret: Unlucky(secret) });
    let error = super::BUS.encode(&secret(1, 13)).unwrap_err();
    assert_eq!(error.path(), "secret");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    let error = super::BUS.encode(&secret(13, 1)).unwrap_err();
    assert!(error.path() == "open" && error.to_string().contains("hunter2"), "{error}");
}

/// A codec that always panics.
#[derive(Debug)]
struct Broken;

impl Codec for Broken {
    fn decode(&self, _: &[u8], _: &Registry) -> Result<AnyEvent, DecodeError> {
        panic!("broken in reading\u{1b}[31m")
    }

    fn encode(&self, _: &AnyEvent, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(b'x');
        panic!("broken in writing")
    }
}

#[tokio::test]
async fn a_codec_that_panics_fails() {
    let bus = Bus::builder().without_discovery().codec(Broken).start().unwrap();
    let error = bus.receive(b"x").await.unwrap_err();
    assert_eq!(error.to_string(), "cannot decode the frame: panicked: broken in reading\\u{1b}[31m");
    let error = bus.encode(&any(super::events::One { n: 5 })).unwrap_err();
    assert_eq!(error.to_string(), "cannot encode `test.one`: panicked: broken in writing");
    let with_secrets =
        Bus::builder().without_discovery().event::<SecretDraw>().codec(Broken).start().unwrap();
    assert!(!with_secrets.decode(b"x").unwrap_err().to_string().contains("broken"));
}

#[tokio::test]
async fn others_are_told_of_a_frame_whose_reading_panics() {
    let bus = Bus::builder().without_discovery().event::<Draw>().start().unwrap();
    let told = bus.expect::<EventInvalid>(|_| true);
    assert!(bus.receive(br#"{"type":"test.unlucky","numbers":[13]}"#).await.is_err());
    let told = told.within(std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(told.event_type.as_deref(), Some("test.unlucky"));
    assert!(bus.receive(br#"{"type":"test.unlucky","numbers":[1]}"#).await.is_ok());
    assert!(encode(&draw(2)).ends_with(r#""numbers":[1,2]}"#));
}
