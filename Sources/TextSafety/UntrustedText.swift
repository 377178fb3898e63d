// SPDX-License-Identifier: Apache-2.0

/// Text that somebody else chose: a registry's error message, a tag, a label, a file name in a layer.
///
/// It cannot be interpolated or printed by accident: its raw form has to be asked for by name, and
/// its description is the encoded one. A terminal obeys escape sequences, a log viewer obeys line
/// breaks, a reader is fooled by bidirectional overrides; none of them survives ``display``.
public struct UntrustedText: Hashable, Sendable {
    /// The text as it came, for comparing and decoding, never for showing.
    public let raw: String

    /// Takes text from outside as it is.
    public init(_ raw: String) {
        self.raw = raw
    }

    /// Takes bytes from outside; what is not UTF-8 becomes the replacement character.
    public init(bytes: some Collection<UInt8>) {
        self.raw = String(decoding: bytes, as: UTF8.self)
    }

    /// The text on one line, safe for a terminal and a log, cut after 1,024 characters.
    public var display: String { display(limit: 1024) }

    /// The text on one line, safe for a terminal and a log.
    ///
    /// What is not safe to show is written as `\u{…}`; runs of tabs and line breaks become one space.
    /// Workflow commands of CI systems are broken up with a visible backslash: `::` where a
    /// word begins, and `##` everywhere.
    ///
    /// - Parameter limit: how many characters are kept before an ellipsis.
    /// - Returns: the encoded text.
    ///
    /// Source: GitHub's runner trims what a line begins with and then obeys `::name::`; it and
    /// Azure's agent obey `##[name]` and `##vso[name]` anywhere in a line.
    public func display(limit: Int) -> String {
        var shown = ""
        var count = 0
        var last: Unicode.Scalar?
        var beforeLast: Unicode.Scalar?
        for scalar in raw.unicodeScalars {
            guard count < limit else {
                shown += "…"
                break
            }
            defer { (beforeLast, last) = (last, scalar) }
            switch scalar {
            case "\n", "\r", "\t":
                guard last != "\n", last != "\r", last != "\t", !shown.isEmpty else { continue }
                shown += " "
            case ":" where last == ":" && beforeLast?.properties.isWhitespace ?? true:
                shown += "\\:"
            case "#" where last == "#":
                shown += "\\#"
            case let scalar where !scalar.isSafeToShow:
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                shown.unicodeScalars.append(scalar)
            }
            count += 1
        }
        while shown.last == " " { shown.removeLast() }
        return shown
    }
}

extension UntrustedText: CustomStringConvertible, CustomReflectable {
    /// The same as ``display``.
    public var description: String { display }

    /// A mirror without children, so that `dump` and test output show ``display`` only.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
