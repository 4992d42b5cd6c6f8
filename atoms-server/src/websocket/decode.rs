//! Decodes the bytes of a client into messages and control frames.

use atoms_agent::SessionEnd;

use super::opcode;

/// The size of the read buffer in bytes. It never grows, since payloads are taken out of it as they come.
pub(super) const BUFFER: usize = 4 * 1024;

/// The largest payload of a control frame.
const CONTROL: u64 = 125;

/// A message or a control frame of a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The payload of the answer.
    Close(Vec<u8>),
}

/// The header of a frame, and how much of its payload has been taken.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: u8,
    is_final: bool,
    mask: [u8; 4],
    length: usize,
    taken: usize,
}

impl Frame {
    fn is_control(&self) -> bool {
        self.opcode >= opcode::CLOSE
    }

    fn left(&self) -> usize {
        self.length - self.taken
    }
}

/// Reads [frames](https://www.rfc-editor.org/rfc/rfc6455#section-5.2).
#[derive(Debug)]
pub(super) struct Decoder {
    limit: usize,
    buffer: Box<[u8; BUFFER]>,
    start: usize,
    end: usize,
    frame: Option<Frame>,
    /// The opcode of the message that is under way.
    message_opcode: Option<u8>,
    message: Vec<u8>,
    control: Vec<u8>,
}

impl Decoder {
    /// Creates a decoder of messages of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: Box::new([0; BUFFER]),
            start: 0,
            end: 0,
            frame: None,
            message_opcode: None,
            message: Vec::new(),
            control: Vec::new(),
        }
    }

    /// Returns the room for the next bytes. [`filled`](Self::filled) is then called with their number.
    pub(super) fn space(&mut self) -> &mut [u8] {
        // At most a part of a header is left.
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        &mut self.buffer[self.end..]
    }

    pub(super) fn filled(&mut self, bytes: usize) {
        self.end += bytes;
    }

    /// Returns the next message or control frame, or `None` if more bytes are needed. Its error ends the session.
    pub(super) fn next(&mut self) -> Result<Option<Received>, SessionEnd> {
        loop {
            let frame = match self.frame {
                Some(frame) => frame,
                None => match self.header()? {
                    Some(frame) => frame,
                    None => return Ok(None),
                },
            };
            let frame = self.take_payload(frame);
            if frame.left() > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
            self.frame = None;
            if let Some(received) = self.complete(frame)? {
                return Ok(Some(received));
            }
        }
    }

    /// Takes a header out of the buffer, if all of it is there.
    fn header(&mut self) -> Result<Option<Frame>, SessionEnd> {
        let bytes = &self.buffer[self.start..self.end];
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let (length, rest) = match second & 0x7f {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            length => (u64::from(length), rest),
        };
        if first & 0x70 != 0 {
            return Err(broken("a reserved bit is set"));
        }
        if second & 0x80 == 0 {
            return Err(broken("a frame of a client has no mask"));
        }
        let (opcode, is_final) = (first & 0x0f, first & 0x80 != 0);
        self.check(opcode, is_final, length)?;
        let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        self.start = self.end - rest.len();
        // It is within the limit, so it fits.
        Ok(Some(Frame { opcode, is_final, mask: *mask, length: length as usize, taken: 0 }))
    }

    /// Whether a frame may come now.
    fn check(&self, opcode: u8, is_final: bool, length: u64) -> Result<(), SessionEnd> {
        match (opcode, self.message_opcode) {
            (opcode::CLOSE | opcode::PING | opcode::PONG, _) if !is_final => {
                Err(broken("a control frame is fragmented"))
            }
            (opcode::CLOSE | opcode::PING | opcode::PONG, _) if length > CONTROL => {
                Err(broken("a control frame is longer than 125 bytes"))
            }
            (opcode::CLOSE | opcode::PING | opcode::PONG, _) => Ok(()),
            (opcode::CONTINUATION, None) => Err(broken("a continuation frame without a message")),
            (opcode::TEXT | opcode::BINARY, Some(_)) => Err(broken("a message begins within another one")),
            (opcode::CONTINUATION, Some(_)) | (opcode::TEXT | opcode::BINARY, None) => {
                let room = self.limit.saturating_sub(self.message.len());
                if length > room as u64 { Err(SessionEnd::TooLarge) } else { Ok(()) }
            }
            _ => Err(broken("a frame has an unknown opcode")),
        }
    }

    /// Takes the part of a frame's payload that is in the buffer.
    fn take_payload(&mut self, mut frame: Frame) -> Frame {
        let count = frame.left().min(self.end - self.start);
        let taken = &self.buffer[self.start..self.start + count];
        let payload = if frame.is_control() { &mut self.control } else { &mut self.message };
        if payload.capacity() - payload.len() < count {
            // Memory grows with the bytes that have come, so that a header alone costs nothing.
            payload.reserve_exact(frame.left().min(payload.len().max(BUFFER)).max(count));
        }
        let begin = payload.len();
        payload.extend_from_slice(taken);
        let mut mask = frame.mask;
        mask.rotate_left(frame.taken % 4);
        unmask(&mut payload[begin..], mask);
        self.start += count;
        frame.taken += count;
        frame
    }

    /// Returns what a complete frame completes: a message, a control frame, or nothing.
    fn complete(&mut self, frame: Frame) -> Result<Option<Received>, SessionEnd> {
        if frame.is_control() {
            let payload = std::mem::take(&mut self.control);
            return Ok(Some(match frame.opcode {
                opcode::PING => Received::Ping(payload),
                opcode::PONG => Received::Pong(payload),
                _ => Received::Close(answer(payload)?),
            }));
        }
        let opcode = self.message_opcode.unwrap_or(frame.opcode);
        if !frame.is_final {
            self.message_opcode = Some(opcode);
            return Ok(None);
        }
        self.message_opcode = None;
        let message = std::mem::take(&mut self.message);
        if opcode == opcode::BINARY {
            return Ok(Some(Received::Binary(message)));
        }
        match std::str::from_utf8(&message) {
            Ok(_) => Ok(Some(Received::Text(message))),
            Err(_) => Err(SessionEnd::NotText),
        }
    }
}

/// Returns the [payload](https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1) that answers a close frame. It is the same
/// payload, if that is valid.
fn answer(payload: Vec<u8>) -> Result<Vec<u8>, SessionEnd> {
    match payload.as_slice() {
        [] => Ok(payload),
        [high, low, reason @ ..] => {
            match u16::from_be_bytes([*high, *low]) {
                1000..=1003 | 1007..=1014 | 3000..=4999 => {}
                _ => return Err(broken("a close code is invalid")),
            }
            if std::str::from_utf8(reason).is_err() {
                return Err(SessionEnd::NotText);
            }
            Ok(payload)
        }
        [_] => Err(broken("a close code has two bytes")),
    }
}

fn broken(rule: &str) -> SessionEnd {
    SessionEnd::Protocol(rule.to_owned())
}

fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = bytes.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    /// A frame as a client sends it, whose first byte is this.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            length @ ..126 => frame.push(0x80 | length as u8),
            length @ ..65_536 => frame.extend([0xfe, (length >> 8) as u8, length as u8]),
            length => frame.extend([0xff].into_iter().chain((length as u64).to_be_bytes())),
        }
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    /// What comes of these bytes, of which so many come at a time.
    fn read(bytes: &[u8], at_a_time: usize, limit: usize) -> Result<Vec<Received>, SessionEnd> {
        let mut decoder = Decoder::new(limit);
        let mut all = Vec::new();
        let mut bytes = bytes;
        while !bytes.is_empty() {
            let space = decoder.space();
            let (now, later) = bytes.split_at(space.len().min(at_a_time).min(bytes.len()));
            space[..now.len()].copy_from_slice(now);
            decoder.filled(now.len());
            bytes = later;
            while let Some(received) = decoder.next()? {
                all.push(received);
            }
        }
        Ok(all)
    }

    #[test]
    fn frames_are_read_whole_and_in_pieces() {
        let long: Vec<u8> = (0..100_000_u32).map(|number| b'a' + (number % 26) as u8).collect();
        let middle = &long[..1_000];
        let bytes = [
            frame(0x81, b"text"),
            frame(0x82, &[0xff]),
            frame(0x01, middle),
            frame(0x89, b"ping"),
            frame(0x00, &long),
            frame(0x8a, b""),
            frame(0x80, b""),
            frame(0x81, b""),
            frame(0x88, &[3, 232, b'x']),
        ]
        .concat();
        let expected = [
            Received::Text(b"text".to_vec()),
            Received::Binary(vec![0xff]),
            Received::Ping(b"ping".to_vec()),
            Received::Pong(Vec::new()),
            Received::Text([middle, &long].concat()),
            Received::Text(Vec::new()),
            Received::Close(vec![3, 232, b'x']),
        ];
        for at_a_time in [1, 2, 3, 7, 100, 4_095, usize::MAX] {
            assert_eq!(read(&bytes, at_a_time, 1 << 20).unwrap(), expected, "{at_a_time}");
        }
    }

    #[test]
    fn a_character_may_be_split_between_fragments() {
        let euro = "€".as_bytes();
        let bytes = [frame(0x01, &euro[..1]), frame(0x80, &euro[1..])].concat();
        assert_eq!(read(&bytes, 5, 10).unwrap(), [Received::Text(euro.to_vec())]);
    }

    #[track_caller]
    fn assert_ends(bytes: &[u8], limit: usize, code: u16) {
        for at_a_time in [1, usize::MAX] {
            let end = read(bytes, at_a_time, limit).unwrap_err();
            assert_eq!(end.close_code(), code, "{end}");
        }
    }

    #[test]
    fn what_breaks_the_rules_ends_the_session() {
        let unmasked = [0x81, 0, 0, 0];
        let text_in_text = [frame(0x01, b"a"), frame(0x81, b"b")].concat();
        let broken = [
            frame(0xc1, b""),
            frame(0x83, b""),
            frame(0x8b, b""),
            frame(0x09, b""),
            frame(0x89, &[0; 126]),
            frame(0x80, b""),
            unmasked.to_vec(),
            text_in_text,
            frame(0x88, &[3]),
            frame(0x88, &[3, 237]),
        ];
        broken.iter().for_each(|bytes| assert_ends(bytes, 1_000, 1002));
    }

    #[test]
    fn text_that_is_not_utf_8_ends_the_session() {
        assert_ends(&frame(0x81, &[0xff]), 10, 1007);
        assert_ends(&[frame(0x01, &[0xe2]), frame(0x80, b"x")].concat(), 10, 1007);
        assert_ends(&frame(0x88, &[3, 232, 0xff]), 10, 1007);
    }

    #[test]
    fn a_message_may_be_as_large_as_the_limit() {
        assert_eq!(read(&frame(0x82, &[7; 300]), 64, 300).unwrap(), [Received::Binary(vec![7; 300])]);
        assert_ends(&frame(0x82, &[7; 301]), 300, 1009);
        assert_ends(&[frame(0x02, &[7; 200]), frame(0x80, &[7; 101])].concat(), 300, 1009);
        // The header is enough.
        assert_ends(&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 300, 1009);
    }

    #[test]
    fn a_message_takes_as_much_memory_as_has_come() {
        let mut decoder = Decoder::new(16 << 20);
        let header = [0x82, 0xff, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 7];
        decoder.space()[..header.len()].copy_from_slice(&header);
        decoder.filled(header.len());
        assert_eq!(decoder.next(), Ok(None));
        assert!(decoder.message.capacity() <= BUFFER, "{}", decoder.message.capacity());
        let long = read(&frame(0x82, &[7; 1_000_000]), usize::MAX, 1 << 20).unwrap();
        let [Received::Binary(long)] = long.as_slice() else { panic!("{long:?}") };
        assert_eq!(long.capacity(), long.len());
    }
}
