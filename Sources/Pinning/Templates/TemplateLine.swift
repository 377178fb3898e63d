// SPDX-License-Identifier: Apache-2.0

/// A word that templates combine of texts and values, such as `REPOSITORY:TAG`.
struct TemplateWord: Hashable, Sendable {
    /// A value, and the text between it and the value before.
    struct Part: Hashable, Sendable {
        let text: String
        var value: TemplateValue
        /// A Boolean value that indicates whether text follows that belongs to the same name or tag.
        fileprivate(set) var isExtended = false

        init(text: String, value: TemplateValue) {
            self.text = text
            self.value = value
        }

        /// Returns the part with another value.
        func with(_ value: TemplateValue) -> Part {
            var result = self
            result.value = value
            return result
        }
    }

    /// A value that decides whether a template reaches the word.
    struct Condition: Hashable, Sendable {
        var value: TemplateValue
        /// A Boolean value that indicates whether the value is empty where the word is reached.
        let isEmpty: Bool

        /// The opposite condition.
        var negated: Condition { Condition(value: value, isEmpty: !isEmpty) }

        /// Returns the condition with another value; `nil` if that is unknown.
        func mapped(_ transform: (TemplateValue) -> TemplateValue) -> Condition? {
            let value = transform(value)
            guard let order = value.order, !order.isEmpty else { return nil }
            return Condition(value: value, isEmpty: isEmpty)
        }
    }

    private(set) var parts: [Part] = []
    private(set) var conditions: [Condition] = []
    /// A Boolean value that indicates whether the word is the value of a key such as `image`.
    var isImage = false
    /// The text of a word without values; `nil` for another word.
    private(set) var wholeText: String?

    /// The maximum number of parts and of conditions; the last parts and the first conditions are kept.
    static let limit = 8

    init(parts: [Part] = [], conditions: [Condition] = [], isImage: Bool = false) {
        self.parts = parts
        self.conditions = conditions
        self.isImage = isImage
    }

    /// A Boolean value that indicates whether a value is beside another one or a text.
    var isCombined: Bool {
        parts.count > 1 || parts.contains { !$0.text.isEmpty || $0.isExtended }
    }

    mutating func append(_ part: Part) {
        let isExtension =
            part.text.isEmpty
            ? part.value.texts.contains { Self.canExtend($0) } : Self.canExtend(part.text)
        if isExtension, let last = parts.indices.last { parts[last].isExtended = true }
        if parts.count == Self.limit { parts.removeFirst() }
        parts.append(part)
    }

    /// The paths of the values to which the word adds text.
    var composed: Set<TemplateValue.Path> {
        let parts = parts.filter { $0.isExtended || Self.canExtend($0.text.suffix(1)) }
        return Set(parts.lazy.flatMap(\.value.paths))
    }

    /// Ends the word with the text after the last value.
    fileprivate mutating func end(with text: String) {
        guard let last = parts.indices.last, Self.canExtend(text),
            text.contains(where: { $0.isLetter || $0.isNumber })
        else { return }
        parts[last].isExtended = true
    }

    /// Returns a Boolean value that indicates whether a text after a tag belongs to it.
    private static func canExtend(_ text: some StringProtocol) -> Bool {
        text.first.map { $0.isLetter || $0.isNumber || "._-".contains($0) } ?? false
    }

    mutating func require(_ condition: Condition) {
        guard conditions.count < Self.limit, !conditions.contains(condition) else { return }
        conditions.append(condition)
    }
}

/// The words that the line of a template can have before the next action, one for each way through
/// the conditions in the line.
struct TemplateLine {
    /// A word without its end.
    private struct Draft: Hashable {
        var word = TemplateWord()
        /// The text after the last value.
        var text = ""
    }

    private var drafts: [Draft]
    /// The words that have ended.
    private var words: [TemplateWord] = []
    /// A Boolean value that indicates whether all words are images.
    private let hasImages: Bool

    private static let limit = 32
    /// The maximum length of the text between two values, in bytes.
    private static let textLimit = 512

    /// Creates an empty line.
    ///
    /// - Parameter hasImages: A Boolean value that indicates whether all words are images.
    init(hasImages: Bool = false) {
        self.hasImages = hasImages
        drafts = [Draft(word: TemplateWord(isImage: hasImages))]
    }

    /// A Boolean value that indicates whether the next value is in the value of a key such as `image`.
    var isInImage: Bool { drafts.contains(where: \.word.isImage) }

    /// Reads the text before an action, without the white space that the action removes.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - conditions: The conditions of a word that begins in the text.
    mutating func read(_ text: ArraySlice<UInt8>, under conditions: [TemplateWord.Condition]) {
        let tail = text.lastIndex { !Self.isWordByte($0) }.map { text[($0 + 1)...] } ?? text
        if tail.count < text.count {
            add(text.prefix(while: Self.isWordByte))
            end(under: conditions, isImage: Self.isImage(after: text[..<tail.startIndex]))
        }
        add(tail)
    }

    private mutating func add(_ text: ArraySlice<UInt8>) {
        guard !text.isEmpty else { return }
        let added = String(decoding: text.suffix(Self.textLimit), as: UTF8.self)
        for index in drafts.indices {
            drafts[index].text = String((drafts[index].text + added).suffix(Self.textLimit))
        }
    }

    /// Ends the words.
    mutating func end(
        under conditions: [TemplateWord.Condition] = [], isImage: Bool = false
    ) {
        for index in drafts.indices { drafts[index].word.end(with: drafts[index].text) }
        words += drafts.lazy.map(\.word).filter(\.isCombined)
        drafts = [
            Draft(word: TemplateWord(conditions: conditions, isImage: isImage || hasImages))
        ]
    }

    /// Returns a Boolean value that indicates whether a text ends with a key such as `image`.
    private static func isImage(after text: ArraySlice<UInt8>) -> Bool {
        let key = text.suffix(Self.textLimit).reversed().drop { " \"'".utf8.contains($0) }
        return ["mage:", "mage="].contains { key.starts(with: $0.utf8.reversed()) }
    }

    /// Returns the words that have ended, and forgets them.
    mutating func takeWords() -> [TemplateWord] {
        defer { words = [] }
        return words
    }

    /// Adds the output of an action.
    mutating func add(_ value: TemplateValue) {
        guard !value.isEmpty else { return }
        for index in drafts.indices {
            drafts[index].word.append(TemplateWord.Part(text: drafts[index].text, value: value))
            drafts[index].text = ""
        }
    }

    /// Adds a condition to all words that have not ended.
    mutating func add(_ condition: TemplateWord.Condition) {
        for index in drafts.indices { drafts[index].word.require(condition) }
    }

    /// Adds the words of another way through the conditions of the line.
    mutating func formUnion(_ other: TemplateLine) {
        words += other.words
        drafts = Array(Set(drafts).union(other.drafts))
        guard drafts.count > Self.limit else { return }
        // A value of any of them can be before the next value.
        var merged = TemplateValue()
        for part in drafts.flatMap(\.word.parts) { merged.formUnion(part.value, limit: 64) }
        words += drafts.lazy.map(\.word).filter(\.isCombined)
        let part = TemplateWord.Part(text: "", value: merged)
        drafts = [Draft(word: TemplateWord(parts: [part], isImage: isInImage))]
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "._-/:@".utf8.contains(byte)
        }
    }
}

extension TemplateWord {
    /// Creates the word that a format such as `%s/%s:%s` combines of texts and values.
    ///
    /// Source: Go, `fmt` § Printing.
    init(format: Substring, of operands: some Sequence<TemplateOperand>) {
        var rest = Array(format.utf8)[...]
        var text: [UInt8] = []
        for operand in operands {
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "%") else {
                    text.append(byte)
                    continue
                }
                guard rest.first != byte else {
                    text.append(byte)
                    rest.removeFirst()
                    continue
                }
                rest = rest.drop { !(0x61...0x7A).contains($0 | 0x20) }.dropFirst()
                break
            }
            append(operand, to: &text)
        }
        append(.text(Substring(decoding: rest, as: UTF8.self)), to: &text)
        end(with: String(decoding: text, as: UTF8.self))
        wholeText = parts.isEmpty ? String(decoding: text, as: UTF8.self) : nil
    }

    /// Creates the word that texts and values are in their order.
    init(_ operands: some Sequence<TemplateOperand>) {
        var text: [UInt8] = []
        for operand in operands { append(operand, to: &text) }
        end(with: String(decoding: text, as: UTF8.self))
        wholeText = parts.isEmpty ? String(decoding: text, as: UTF8.self) : nil
    }

    /// Appends a value after a text, or text to the text after the last value.
    private mutating func append(_ operand: TemplateOperand, to text: inout [UInt8]) {
        if let operand = operand.text {
            text += operand.utf8
        } else if !operand.value.isEmpty {
            append(Part(text: String(decoding: text, as: UTF8.self), value: operand.value))
            text = []
        }
    }
}
