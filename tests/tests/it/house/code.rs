//! Is a word of Rust told from the same word in a comment or a string?

/// What is left of Rust source without comments, strings and characters: each becomes a space.
pub(crate) fn code(source: &str) -> String {
    let mut left = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = skipped(rest, left.chars().next_back());
        if length > 0 {
            left.push(' ');
            rest = &rest[length..];
        } else {
            left.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    left
}

/// How many bytes of comment or literal `text` begins with; 0 for none.
fn skipped(text: &str, before: Option<char>) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    if text.starts_with('"') {
        return quoted(text, '"');
    }
    if text.starts_with('\'') {
        return character(text);
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if text.starts_with('r') && !in_word {
        return raw(text);
    }
    0
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character, but no lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.chars().skip(1);
    match (letters.next(), letters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(text, '\''),
        _ => 0,
    }
}

/// `r"…"`, `r#"…"#`, …
fn raw(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|&byte| byte == b'#').count();
    if !text[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = 2 + hashes;
    let found = text[begin..].find(&end);
    found.map_or(text.len(), |at| begin + at + end.len())
}

/// Whether the word stands in the code as a whole word.
pub(crate) fn has(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(part) && !code[at + word.len()..].starts_with(part))
}

#[test]
fn what_is_no_code_is_left_out() {
    let source = r####"
        // one
        /* two */ let a: &'static str = "three \" three"; /// three
        let b = r#"four " four"#; let c = '"'; let d = '\''; let e = five;
    "####;
    let code = code(source);
    for word in ["one", "two", "three", "four"] {
        assert!(!has(&code, word), "{word} in {code}");
    }
    for word in ["let", "static", "b", "five"] {
        assert!(has(&code, word), "{word} not in {code}");
    }
}

#[test]
fn a_part_of_a_word_is_none() {
    assert!(has("unsafe { }", "unsafe"));
    assert!(!has("unsafe_code, is_unsafe", "unsafe"));
}
