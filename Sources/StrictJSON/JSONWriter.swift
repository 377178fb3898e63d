// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

extension JSONValue {
    /// The document as text: two spaces of indentation, members in order, and a final line break.
    public var text: String { text(indentedBy: "  ") }

    /// Returns the document with another indentation, for files that other programs also write.
    public func text(indentedBy indent: String) -> String {
        var writer = JSONWriter(indentation: indent)
        writer.write(self, indent: 0)
        return writer.output + "\n"
    }

    /// The document on one line without whitespace, for logs and hashing.
    public var compactText: String {
        var writer = JSONWriter(isCompact: true)
        writer.write(self, indent: 0)
        return writer.output
    }
}

private struct JSONWriter {
    var output = ""
    var isCompact = false
    var indentation = ""

    mutating func write(_ value: JSONValue, indent: Int) {
        switch value {
        case .null: output += "null"
        case .bool(let flag): output += flag ? "true" : "false"
        case .integer(let number): output += String(number)
        case .number(let text): output += text
        case .string(let text): writeString(text)
        case .array(let elements):
            list(open: "[", close: "]", elements, indent: indent) { writer, element in
                writer.write(element, indent: indent + 1)
            }
        case .object(let members):
            list(open: "{", close: "}", members, indent: indent) { writer, member in
                writer.writeString(member.name)
                writer.output += writer.isCompact ? ":" : ": "
                writer.write(member.value, indent: indent + 1)
            }
        }
    }

    private mutating func list<Element>(
        open: String, close: String, _ elements: [Element], indent: Int,
        _ body: (inout JSONWriter, Element) -> Void
    ) {
        output += open
        for (position, element) in elements.enumerated() {
            if position > 0 { output += "," }
            breakLine(indent: indent + 1)
            body(&self, element)
        }
        if !elements.isEmpty { breakLine(indent: indent) }
        output += close
    }

    private mutating func breakLine(indent: Int) {
        guard !isCompact else { return }
        output += "\n" + String(repeating: indentation, count: indent)
    }

    /// Escapes what JSON requires, and sequences that a terminal or log viewer would interpret.
    private mutating func writeString(_ text: String) {
        output += "\""
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            defer { previous = scalar }
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            // CI systems interpret `##[command]` and `##vso[command]` anywhere in a line.
            case "#" where previous == "#": writeEscape(scalar)
            case let scalar where !scalar.isSafeToShow: writeEscape(scalar)
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }

    private mutating func writeEscape(_ scalar: Unicode.Scalar) {
        for unit in String(scalar).utf16 {
            let hex = String(unit, radix: 16)
            output += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
        }
    }
}
