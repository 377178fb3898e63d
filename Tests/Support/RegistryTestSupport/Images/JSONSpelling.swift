// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// One of the ways to write the same JSON document, all of which have other digests.
public enum JSONSpelling: Sendable, CaseIterable {
    /// On one line, without spaces.
    case compact
    /// With two spaces of indent and a line break at the end.
    case indented
    /// With members in reverse order, tabs, carriage returns, blanks before commas and around
    /// colons, and unknown fields: nobody's encoder writes it so.
    case odd

    func bytes(_ value: JSONValue) -> [UInt8] {
        switch self {
        case .compact: Array(value.compactText.utf8)
        case .indented: Array(value.text.utf8)
        case .odd: Array("\n \(Self.oddly(value, isRoot: true))\r\n\t\n".utf8)
        }
    }

    private static func oddly(_ value: JSONValue, isRoot: Bool = false) -> String {
        switch value {
        case .object(let members):
            let unknown: [JSONValue.Member] =
                isRoot
                ? [
                    .init(
                        "x-unknown",
                        .object([.init("number", .number("1.50e+1")), .init("none", .null)]))
                ] : []
            let texts = (unknown + members.reversed()).map {
                "\t\(JSONValue.string($0.name).compactText)  :\r\n  \(oddly($0.value))"
            }
            return "{\n" + texts.joined(separator: " ,\n") + "\n\n}"
        case .array(let elements):
            return "[ " + elements.map { oddly($0) }.joined(separator: " , ") + "\t]"
        case .string(let text) where text.contains("/"):
            return JSONValue.string(text).compactText.split(
                separator: "/", omittingEmptySubsequences: false
            ).joined(separator: "\\/")
        default: return value.compactText
        }
    }
}
