// SPDX-License-Identifier: Apache-2.0

/// A word that templates combine of texts and values, such as `REPOSITORY:TAG`.
struct TemplateWord: Hashable, Sendable {
    /// A value, and the text between it and the value before.
    struct Part: Hashable, Sendable {
        let text: String
        var value: TemplateValue
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
    /// The text after the last value.
    private(set) var end = ""
    private(set) var conditions: [Condition] = []
    /// A Boolean value that indicates whether the word is the value of a key such as `image`.
    var isImage = false

    /// The maximum number of parts and of conditions; the last parts and the first conditions are kept.
    static let limit = 8
    /// The maximum number of words that one word is with those of its values.
    private static let expandedLimit = 32
    /// The maximum length of the text between two values, in characters.
    private static let textLimit = 512

    init(parts: [Part] = [], conditions: [Condition] = [], isImage: Bool = false) {
        self.parts = parts
        self.conditions = conditions
        self.isImage = isImage
    }

    /// A Boolean value that indicates whether a value is beside another one or a text.
    var isCombined: Bool {
        parts.count > 1 || parts.contains { !$0.text.isEmpty } || extends(end)
    }

    mutating func append(_ text: some StringProtocol) {
        guard !text.isEmpty else { return }
        end = String((end + text).suffix(Self.textLimit))
    }

    mutating func append(_ value: TemplateValue) {
        if parts.count == Self.limit { parts.removeFirst() }
        parts.append(Part(text: end, value: value))
        end = ""
    }

    private mutating func append(_ other: TemplateWord) {
        for part in other.parts {
            append(part.text)
            append(part.value)
        }
        append(other.end)
        for condition in other.conditions { require(condition) }
    }

    mutating func require(_ condition: Condition) {
        guard conditions.count < Self.limit, !conditions.contains(condition) else { return }
        conditions.append(condition)
    }

    /// Returns the word with further conditions.
    func requiring(_ conditions: [Condition]) -> TemplateWord {
        var result = self
        for condition in conditions { result.require(condition) }
        return result
    }

    /// The word without a text at its end that does not belong to the last name or tag.
    var trimmed: TemplateWord {
        var result = self
        if !extends(end) { result.end = "" }
        return result
    }

    /// Returns the word with other conditions.
    func with(_ conditions: [Condition]) -> TemplateWord {
        var result = self
        result.conditions = conditions
        return result
    }

    /// Returns the word with other values.
    func mapped(_ transform: (TemplateValue) -> TemplateValue) -> TemplateWord {
        var result = self
        for index in parts.indices { result.parts[index].value = transform(parts[index].value) }
        result.conditions = conditions.compactMap { $0.mapped(transform) }
        return result
    }

    /// The word, and those that it is with the words that functions combine to its values, up to a limit.
    var expanded: [TemplateWord] {
        var results = [TemplateWord(conditions: conditions, isImage: isImage)]
        for part in parts {
            for index in results.indices { results[index].append(part.text) }
            let others = results.lazy.flatMap { result in
                part.value.words.all.lazy.map { word in
                    var result = result
                    result.append(word)
                    return result
                }
            }.prefix(Self.expandedLimit)
            let further = Array(others)
            for index in results.indices { results[index].append(part.value.withoutWords) }
            results = Array((results + further).prefix(Self.expandedLimit))
        }
        for index in results.indices { results[index].append(end) }
        return results
    }

    /// Removes what follows the last tag or digest, and what belongs to it.
    ///
    /// - Parameter argument: The argument of the template with the word; `nil` if it is unknown.
    /// - Returns: The word; `nil` if it has no tag and no digest.
    func endingWithTag(below argument: TemplateValue?) -> TemplateWord? {
        guard let last = parts.lastIndex(where: { $0.value.mayBeTag(below: argument) }) else {
            // The value can be a template with a tag.
            return isImage && parts.count == 1 ? trimmed : nil
        }
        var result = self
        if let next = parts[(last + 1)...].firstIndex(where: { !$0.text.isEmpty }) {
            let belongs = Self.canExtend(parts[next].text)
            result.parts = Array(parts[..<(belongs ? next + 1 : next)])
            result.end = ""
        }
        result = result.trimmed
        return result.isCombined || isImage ? result : nil
    }
}

// MARK: Text around a tag

extension TemplateWord {
    /// Returns a Boolean value that indicates whether a text of the template follows a value and belongs to
    /// the same name or tag.
    func isExtended(at index: Int) -> Bool {
        for part in parts[(index + 1)...] {
            guard part.text.isEmpty else { return Self.canExtend(part.text) }
            if part.value.texts.contains(where: { Self.canExtend($0) }) { return true }
            if part.value.hasConstant, part.value.isAffix { return true }
        }
        return extends(end)
    }

    /// Returns the values that are directly after a value without a text between them, as a suffix.
    func suffixes(at index: Int) -> [TemplateValue] {
        parts[(index + 1)...].prefix { $0.text.isEmpty }.map(\.value).filter(\.isAffix)
    }

    /// The paths of the values to which the word adds text.
    var composed: Set<TemplateValue.Path> {
        let composed = parts.indices.filter { index in
            isExtended(at: index) || Self.canExtend(parts[index].text.suffix(1))
        }
        return Set(composed.lazy.flatMap { parts[$0].value.paths })
    }

    /// Returns a Boolean value that indicates whether a text after the last value belongs to it.
    private func extends(_ text: String) -> Bool {
        !parts.isEmpty && Self.canExtend(text) && text.contains { $0.isLetter || $0.isNumber }
    }

    /// Returns a Boolean value that indicates whether a text after a tag belongs to it.
    private static func canExtend(_ text: some StringProtocol) -> Bool {
        text.first.map { $0.isLetter || $0.isNumber || "._-".contains($0) } ?? false
    }
}

extension TemplateValue {
    /// A Boolean value that indicates whether the value can be a part of a tag, and not a name, a registry
    /// or a digest.
    var isAffix: Bool {
        paths.allSatisfy { path in
            let key = String(path.last ?? "")
            return !ImageKeys.isDigest(key) && !TagCombination.isName(key)
                && !key.hasSuffixIgnoringCase("registry") && !key.hasSuffixIgnoringCase("separator")
        }
    }

    /// Determines whether the value can be a tag or a digest.
    ///
    /// - Parameter argument: The argument of the template with the value; `nil` if it is unknown.
    /// - Returns: A Boolean value.
    fileprivate func mayBeTag(below argument: TemplateValue?) -> Bool {
        if !calls.isEmpty || keys.values.contains(where: { $0.mayBeTag(below: argument) }) {
            return true
        }
        // In a dictionary, a key can have the value of another one.
        let keepsKeys = argument.map { $0.keys.isEmpty && $0.calls.isEmpty } ?? false
        return paths.contains { path in
            guard let last = path.last else { return true }
            return ImageKeys.isVersion(String(last))
                || !(keepsKeys || path.dropLast().contains("Values"))
        }
    }
}

// MARK: Functions

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
            append(String(decoding: text, as: UTF8.self))
            text = []
            append(operand)
        }
        append(String(decoding: rest, as: UTF8.self))
    }

    /// Creates the word that texts and values are in their order.
    init(_ operands: some Sequence<TemplateOperand>) {
        for operand in operands { append(operand) }
    }

    private mutating func append(_ operand: TemplateOperand) {
        if let text = operand.text {
            append(text)
        } else if !operand.value.isEmpty {
            append(operand.value)
        }
    }
}
