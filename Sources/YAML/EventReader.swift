// SPDX-License-Identifier: Apache-2.0

internal import CYAML

/// Owns a libyaml parser and the bytes that it reads; no libyaml pointer leaves this type.
@safe struct EventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// Creates a reader of UTF-8 without a byte order mark; `nil` if memory allocation fails.
    init?(_ bytes: ArraySlice<UInt8>) {
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            return nil
        }
        // libyaml keeps the pointer, so the bytes must live as long as the parser.
        unsafe input = .allocate(capacity: bytes.count)
        _ = unsafe input.initialize(fromContentsOf: bytes)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// A syntax error that libyaml reports, with its position in characters.
    struct Failure: Error {
        let position: Int
        let problem: String
    }

    /// Returns the next event of the parser.
    ///
    /// - Throws: ``Failure`` if the text is not valid YAML. The reader cannot be used afterwards.
    mutating func next() throws(Failure) -> Event {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe Self.copy(event)
    }

    private func failure() -> Failure {
        let error = unsafe parser.pointee
        guard unsafe error.error != YAML_MEMORY_ERROR, let problem = unsafe error.problem else {
            return Failure(position: 0, problem: "not enough memory to parse the file")
        }
        var text = unsafe String(cString: problem)
        if let context = unsafe error.context {
            text += " \(unsafe String(cString: context))"
        }
        return unsafe Failure(position: Int(error.problem_mark.index), problem: text)
    }

    private static func copy(_ event: yaml_event_t) -> Event {
        let kind: Event.Kind
        var properties = Event.Properties()
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT:
            let start = unsafe event.data.document_start
            kind = unsafe .documentStart(
                hasMarker: start.implicit == 0,
                hasDirectives: start.version_directive != nil
                    || start.tag_directives.start != start.tag_directives.end)
        case YAML_DOCUMENT_END_EVENT:
            kind = .documentEnd
        case YAML_ALIAS_EVENT:
            kind = unsafe .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let value = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            unsafe properties.anchor = string(scalar.anchor)
            unsafe properties.tag = string(scalar.tag)
            kind = unsafe .scalar(
                String(decoding: value, as: UTF8.self), style: style(scalar.style))
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            unsafe properties.anchor = string(start.anchor)
            unsafe properties.tag = string(start.tag)
            kind = unsafe .sequenceStart(start.style == YAML_FLOW_SEQUENCE_STYLE ? .flow : .block)
        case YAML_SEQUENCE_END_EVENT:
            kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            unsafe properties.anchor = string(start.anchor)
            unsafe properties.tag = string(start.tag)
            kind = unsafe .mappingStart(start.style == YAML_FLOW_MAPPING_STYLE ? .flow : .block)
        case YAML_MAPPING_END_EVENT:
            kind = .mappingEnd
        case YAML_STREAM_START_EVENT:
            kind = .streamStart
        default:
            kind = .streamEnd
        }
        return unsafe Event(
            kind: kind, properties: properties, start: Int(event.start_mark.index),
            end: Int(event.end_mark.index),
            mark: YAMLMark(
                line: Int(event.start_mark.line) + 1, column: Int(event.start_mark.column) + 1))
    }

    private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        guard let text = unsafe text else { return nil }
        return unsafe String(cString: text)
    }

    private static func style(_ style: yaml_scalar_style_t) -> YAMLNode.ScalarStyle {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }
}

/// An event of libyaml's parser, copied into Swift values.
struct Event {
    enum Kind {
        case streamStart
        case streamEnd
        case documentStart(hasMarker: Bool, hasDirectives: Bool)
        case documentEnd
        case alias(String)
        case scalar(String, style: YAMLNode.ScalarStyle)
        case sequenceStart(YAMLNode.CollectionStyle)
        case sequenceEnd
        case mappingStart(YAMLNode.CollectionStyle)
        case mappingEnd
    }

    let kind: Kind
    /// The anchor and tag of a value.
    let properties: Properties
    /// The start of the event, including its anchor and tag, in characters after a byte order mark.
    let start: Int
    /// The end of the event, in the same unit.
    let end: Int
    /// The line and column of the start.
    let mark: YAMLMark

    struct Properties {
        var anchor: String?
        var tag: String?

        var isEmpty: Bool { anchor == nil && tag == nil }
    }
}
