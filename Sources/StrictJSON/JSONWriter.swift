// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// The document as text: two spaces of indent, members in their order, a final line break.
    public var text: String {
        var writer = JSONWriter()
        writer.write(self, indent: 0)
        return writer.output + "\n"
    }

    /// The document on one line, without spaces, for logs and for hashing.
    public var compactText: String {
        var writer = JSONWriter(isCompact: true)
        writer.write(self, indent: 0)
        return writer.output
    }
}

private struct JSONWriter {
    var output = ""
    var isCompact = false

    mutating func write(_ value: JSONValue, indent: Int) {
        switch value {
        case .null: output += "null"
        case .bool(let flag): output += flag ? "true" : "false"
        case .integer(let number): output += String(number)
        case .number(let text): output += text
        case .string(let text): writeString(text)
        case .array(let elements):
            list("[", "]", elements, indent: indent) { writer, element in
                writer.write(element, indent: indent + 1)
            }
        case .object(let members):
            list("{", "}", members, indent: indent) { writer, member in
                writer.writeString(member.name)
                writer.output += writer.isCompact ? ":" : ": "
                writer.write(member.value, indent: indent + 1)
            }
        }
    }

    private mutating func list<Element>(
        _ open: String, _ close: String, _ elements: [Element], indent: Int,
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
        output += "\n" + String(repeating: "  ", count: indent)
    }

    /// Escapes what JSON demands, and every character that a terminal or a log could obey.
    private mutating func writeString(_ text: String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case let scalar where Self.isUnsafeToShow(scalar):
                let hex = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }

    /// Controls, line separators, bidirectional controls and zero-width characters.
    private static func isUnsafeToShow(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0xFEFF: true
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069: true
        default: false
        }
    }
}
