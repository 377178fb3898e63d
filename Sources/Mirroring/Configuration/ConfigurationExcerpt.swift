// SPDX-License-Identifier: Apache-2.0

internal import TextSafety
internal import YAML

/// A line of the file as it may be shown, and where in it the caret stands.
struct ConfigurationExcerpt: Hashable {
    var text: String
    var caret: Int

    init(text: String, caret: Int) {
        self.text = text
        self.caret = caret
    }

    /// Shows the line of a byte, `***` in the place of what is secret.
    init(of source: YAMLText, at offset: Int, hiding secrets: [Range<Int>]) {
        let line = source.range(ofLine: source.mark(at: offset).line)
        let hidden = secrets.filter { $0.overlaps(line) }
        // A place inside a secret would point behind the mask; its beginning is what can be shown.
        let place = hidden.first { $0.contains(offset) }?.lowerBound ?? offset
        let split = min(max(place, line.lowerBound), line.upperBound)
        self.init(
            before: Self.masked(line.lowerBound..<split, of: source, hiding: hidden),
            after: Self.masked(split..<line.upperBound, of: source, hiding: hidden))
    }

    /// Shows a line of a file whose structure is not known, unless something near it may be secret.
    ///
    /// A quote that is not closed can stand anywhere above the place where the parser noticed it, so
    /// the line itself and the few before it are searched for the words that announce a secret.
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
        // A long line is cut on the left, so that the place stays in sight.
        let start =
            before.unicodeScalars.count > 100
            ? "…" + String(before.unicodeScalars.suffix(80)) : before
        // Encoding drops blanks at the end, hence the guard behind what stands before the caret.
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
