// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// The formatting of a JSON document.
///
/// Each results in another digest.
public enum JSONSpelling: Sendable, CaseIterable {
    /// One line, without spaces.
    case compact
    /// Two spaces of indentation and a trailing line break.
    case indented
    /// Members in reverse order, tabs, carriage returns, spaces before commas and around colons,
    /// and unknown fields, as no encoder writes it.
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
