// SPDX-License-Identifier: Apache-2.0

internal import TextSafety
internal import YAML

/// A line of the file as it may be shown, and the position of the caret in it.
struct ConfigurationExcerpt: Hashable {
    var text: String
    var caret: Int

    init(text: String, caret: Int) {
        self.text = text
        self.caret = caret
    }

    /// Creates an excerpt of the line with a byte, with `***` in place of secrets.
    init(of source: YAMLText, at offset: Int, hiding secrets: [Range<Int>]) {
        let line = source.range(ofLine: source.mark(at: offset).line)
        let hidden = secrets.filter { $0.overlaps(line) }
        // A location inside a secret would point after the mask, so the beginning of the secret is
        // shown.
        let visibleEnd = hidden.first { $0.contains(offset) }?.lowerBound ?? offset
        let split = min(max(visibleEnd, line.lowerBound), line.upperBound)
        self.init(
            before: Self.masked(line.lowerBound..<split, of: source, hiding: hidden),
            after: Self.masked(split..<line.upperBound, of: source, hiding: hidden))
    }

    /// Creates an excerpt of a line of a file that could not be parsed, unless something near it
    /// may be a secret.
    ///
    /// An unclosed quote can begin anywhere above the location where the parser noticed it, so
    /// the line and the few before it are searched for words that announce a secret.
    init(unparsed source: YAMLText, at mark: YAMLMark) {
        let nearby = max(1, mark.line - 3)...min(max(mark.line, 1), source.lineCount)
        let words = nearby.map {
            String(decoding: source.bytes[source.range(ofLine: $0)], as: UTF8.self).lowercased()
        }
        let line = source.range(ofLine: nearby.upperBound)
        let mayBeSecret = words.contains { line in
            ["credential", "password", "username", "token", "secret", "auth"].contains {
                line.contains($0)
            }
        }
        let scalars = String(decoding: source.bytes[line], as: UTF8.self).unicodeScalars
        let split = scalars.index(
            scalars.startIndex, offsetBy: mark.column - 1, limitedBy: scalars.endIndex)
        if mayBeSecret {
            self.init(text: "***", caret: 0)
        } else {
            self.init(
                before: String(scalars[..<(split ?? scalars.endIndex)]),
                after: String(scalars[(split ?? scalars.endIndex)...]))
        }
    }

    private init(before: String, after: String) {
        // A long line is truncated on the left, so that the location stays visible.
        let start =
            before.unicodeScalars.count > 100
            ? "…" + String(before.unicodeScalars.suffix(80)) : before
        // Encoding drops trailing blanks, hence the guard after the text before the caret.
        caret = UntrustedText(start + "|").display(limit: 400).count - 1
        text = UntrustedText(start + after).display(limit: 160)
    }

    private static func masked(
        _ range: Range<Int>, of source: YAMLText, hiding secrets: [Range<Int>]
    ) -> String {
        var shown = ""
        var offset = range.lowerBound
        for secret in secrets where secret.overlaps(range) {
            shown += String(
                decoding: source.bytes[offset..<max(offset, secret.lowerBound)], as: UTF8.self)
            shown += "***"
            offset = min(max(offset, secret.upperBound), range.upperBound)
        }
        return shown + String(decoding: source.bytes[offset..<range.upperBound], as: UTF8.self)
    }
}
