// SPDX-License-Identifier: Apache-2.0

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
