// SPDX-License-Identifier: Apache-2.0

/// Builds the trees of a file from the parser's events, within limits.
struct Composer {
    let text: YAMLText
    let limits: YAMLDocumentStream.Limits
    private let offsets: CharacterOffsets
    private let scanner: TokenScanner
    private var eventCount = 0

    init(text: YAMLText, limits: YAMLDocumentStream.Limits) {
        self.text = text
        self.limits = limits
        self.offsets = CharacterOffsets(text)
        self.scanner = TokenScanner(text)
    }

    mutating func documents() throws(YAMLError) -> [YAMLDocument] {
        guard var reader = EventReader(text.bytes[text.start...]) else {
            throw YAMLError(at: text.mark(at: 0), "not enough memory to parse the file")
        }
        var documents: [YAMLDocument] = []
        while true {
            let event = try next(&reader)
            switch event.kind {
            case .streamEnd:
                return documents
            case .documentStart(let hasMarker, let hasDirectives):
                let root = try node(try next(&reader), depth: 1, from: &reader)
                documents.append(
                    YAMLDocument(
                        root: root, hasStartMarker: hasMarker, hasDirectives: hasDirectives))
            default:
                continue
            }
        }
    }

    private mutating func next(_ reader: inout EventReader) throws(YAMLError) -> Event {
        let event: Event
        do throws(EventReader.Failure) {
            event = try reader.next()
        } catch {
            throw YAMLError(at: text.mark(at: offsets[error.position]), error.problem)
        }
        eventCount += 1
        guard eventCount <= limits.events else {
            throw YAMLError(
                at: text.mark(at: offsets[event.start]),
                "the file has more than \(limits.events) values")
        }
        return event
    }

    private mutating func node(
        _ event: Event, depth: Int, from reader: inout EventReader
    ) throws(YAMLError) -> YAMLNode {
        let start = scanner.valueStart(from: offsets[event.start], after: event.properties)
        switch event.kind {
        case .alias(let name):
            return make(.alias(name), in: start..<offsets[event.end], from: event)
        case .scalar(let value, let style):
            let end = offsets[event.end]
            // Only a missing value is plain and empty; it can still have an anchor or a tag.
            let isAbsent = style == .plain && value.isEmpty
            return make(
                .scalar(value, style: style), in: (isAbsent ? end : start)..<end, from: event)
        case .sequenceStart(let style):
            try check(depth, at: start)
            return try sequence(event, style, start: start, depth: depth, from: &reader)
        case .mappingStart(let style):
            try check(depth, at: start)
            return try mapping(event, style, start: start, depth: depth, from: &reader)
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw YAMLError(at: text.mark(at: start), "a value is missing")
        }
    }

    private mutating func sequence(
        _ event: Event, _ style: YAMLNode.CollectionStyle, start: Int, depth: Int,
        from reader: inout EventReader
    ) throws(YAMLError) -> YAMLNode {
        var items: [YAMLNode] = []
        while true {
            let next = try next(&reader)
            if case .sequenceEnd = next.kind {
                // libyaml ends a block collection at the next token, after blank lines and
                // comments.
                let end =
                    style == .flow ? offsets[next.end] : items.last?.range.upperBound ?? start
                return make(.sequence(items, style: style), in: start..<end, from: event)
            }
            items.append(try node(next, depth: depth + 1, from: &reader))
        }
    }

    private mutating func mapping(
        _ event: Event, _ style: YAMLNode.CollectionStyle, start: Int, depth: Int,
        from reader: inout EventReader
    ) throws(YAMLError) -> YAMLNode {
        var entries: [YAMLNode.Entry] = []
        while true {
            let next = try next(&reader)
            if case .mappingEnd = next.kind {
                let end =
                    style == .flow ? offsets[next.end] : entries.last?.value.range.upperBound
                return make(
                    .mapping(entries, style: style), in: start..<(end ?? start), from: event)
            }
            let key = try node(next, depth: depth + 1, from: &reader)
            guard key.text?.utf8.count ?? 0 <= limits.keyByteCount else {
                throw YAMLError(
                    at: key.mark, "the key is longer than \(limits.keyByteCount) bytes")
            }
            let valueEvent = try self.next(&reader)
            let value = try node(valueEvent, depth: depth + 1, from: &reader)
            entries.append(YAMLNode.Entry(key: key, value: placed(value, after: key, valueEvent)))
        }
    }

    /// Returns the position of a missing value.
    ///
    /// libyaml reports it after the colon in some cases and before the next token in others. A
    /// colon after that position is the beginning of the next key.
    private func placed(_ value: YAMLNode, after key: YAMLNode, _ event: Event) -> YAMLNode {
        guard case .scalar("", .plain) = value.kind, event.properties.isEmpty else { return value }
        let keyEnd = key.range.upperBound
        let colonEnd = scanner.afterColon(from: keyEnd) ?? keyEnd
        let offset = colonEnd <= offsets[event.end] ? colonEnd : keyEnd
        return make(value.kind, in: offset..<offset, from: event)
    }

    private func check(_ depth: Int, at offset: Int) throws(YAMLError) {
        guard depth <= limits.depth else {
            throw YAMLError(
                at: text.mark(at: offset), "values are nested deeper than \(limits.depth) levels")
        }
    }

    private func make(_ kind: YAMLNode.Kind, in range: Range<Int>, from event: Event) -> YAMLNode {
        // libyaml's position is not usable after an anchor or a tag, or for a missing value.
        let isMarked = !range.isEmpty && range.lowerBound == offsets[event.start]
        return YAMLNode(
            kind: kind, range: range,
            mark: isMarked ? event.mark : text.mark(at: range.lowerBound),
            anchor: event.properties.anchor, tag: event.properties.tag)
    }
}
