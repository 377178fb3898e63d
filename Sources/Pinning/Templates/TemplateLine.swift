// SPDX-License-Identifier: Apache-2.0

/// The words that the line of a template can have before the next action, one for each way through
/// the conditions in the line.
struct TemplateLine {
    /// The words without their ends.
    private var drafts: [TemplateWord]
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
        drafts = [TemplateWord(isImage: hasImages)]
    }

    /// A Boolean value that indicates whether the next value is in the value of a key such as `image`.
    var isInImage: Bool { drafts.contains(where: \.isImage) }

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
        for index in drafts.indices { drafts[index].append(added) }
    }

    /// Ends the words.
    mutating func end(
        under conditions: [TemplateWord.Condition] = [], isImage: Bool = false
    ) {
        endDrafts()
        drafts = [TemplateWord(conditions: conditions, isImage: isImage || hasImages)]
    }

    /// Ends the words with values, because the output of the next action begins a line.
    mutating func beginLine(under conditions: [TemplateWord.Condition]) {
        guard drafts.contains(where: { !$0.parts.isEmpty }) else { return }
        end(under: conditions)
    }

    private mutating func endDrafts() {
        words += drafts.lazy.map(\.trimmed).filter {
            $0.isCombined || ($0.isImage && !$0.parts.isEmpty)
        }
    }

    /// Returns a Boolean value that indicates whether a text ends with a key such as `image`, an option such
    /// as `--sidecar-image`, or the `value` of a variable such as `SIDECAR_IMAGE`.
    private static func isImage(after text: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: text.suffix(Self.textLimit), as: UTF8.self)
        guard let end = text.lastIndex(where: { !" \"'".contains($0) }) else { return false }
        let key = text[...end]
        if ["mage:", "mage="].contains(where: key.hasSuffix) { return true }
        let lines = key.split(separator: "\n")
        if key.hasSuffix("value:"),
            let name = lines.suffix(2).joined(separator: "\n")
                .split(separator: "name:").dropFirst().last
        {
            return ImageText.mentionsImage(String(name))
        }
        guard let last = key.last, ",-[".contains(last) else { return false }
        let option = key.split { " \"',\n[".contains($0) }.last { $0 != "-" }
        return option.map { $0.hasPrefix("--") && String($0).hasSuffixIgnoringCase("image") }
            ?? false
    }

    /// Returns the words that have ended, and forgets them.
    mutating func takeWords() -> [TemplateWord] {
        defer { words = [] }
        return words
    }

    /// Adds the output of an action.
    mutating func add(_ value: TemplateValue) {
        guard !value.isEmpty else { return }
        for index in drafts.indices { drafts[index].append(value) }
    }

    /// Adds a condition to all words that have not ended.
    mutating func add(_ condition: TemplateWord.Condition) {
        for index in drafts.indices { drafts[index].require(condition) }
    }

    /// Adds the words of another way through the conditions of the line.
    mutating func formUnion(_ other: TemplateLine) {
        words += other.words
        drafts = Array(Set(drafts).union(other.drafts))
        guard drafts.count > Self.limit else { return }
        // A value or a text of any of them can be before the next value.
        var merged = TemplateValue.unknown
        for draft in drafts {
            for part in draft.parts { merged.formUnion(part.value) }
            merged.formUnion(TemplateValue(text: Substring(draft.end)))
        }
        endDrafts()
        let part = TemplateWord.Part(text: "", value: merged)
        drafts = [TemplateWord(parts: [part], isImage: isInImage)]
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "._-/:@".utf8.contains(byte)
        }
    }
}
