// SPDX-License-Identifier: Apache-2.0

/// An open block of a template.
struct TemplateBlock {
    /// The dot outside of the block.
    let dot: TemplateValue
    /// The definition that the block belongs to; `nil` for the text outside of definitions.
    let definition: Substring?
    let isLoop: Bool
    /// The variables that the block declares, with their values outside of it.
    var declared: [Substring: TemplateValue?] = [:]
    /// The line before the block.
    let line: TemplateLine
    /// The line after other branches of the block.
    var otherLine: TemplateLine?
    /// The conditions before the block.
    let conditions: [TemplateWord.Condition]
    /// The condition that alone decides that the current branch is used; `nil` if it is unknown.
    var condition: TemplateWord.Condition?
    /// The conditions under which no branch before the current one is used.
    private var otherwise: [TemplateWord.Condition] = []
    /// A Boolean value that indicates whether one of the branches is always used.
    var isExhaustive = false

    init(
        dot: TemplateValue, definition: Substring?, isLoop: Bool, line: TemplateLine,
        conditions: [TemplateWord.Condition]
    ) {
        self.dot = dot
        self.definition = definition
        self.isLoop = isLoop
        self.line = line
        self.conditions = conditions
    }

    /// Ends a branch before another one, and returns to the line before the block.
    ///
    /// - Parameter line: The line.
    /// - Returns: The conditions of the other branch.
    mutating func endBranch(of line: inout TemplateLine) -> [TemplateWord.Condition] {
        otherLine = joined(line)
        line = self.line
        if let condition, !isLoop, otherwise.count < TemplateWord.limit {
            otherwise.append(condition.negated)
        }
        condition = nil
        for condition in otherwise { line.add(condition) }
        return conditions + otherwise
    }

    /// Ends the last branch.
    mutating func end(_ line: inout TemplateLine) {
        line = joined(line)
        guard !isExhaustive else { return }
        _ = endBranch(of: &line)
        line = joined(line)
    }

    private func joined(_ line: TemplateLine) -> TemplateLine {
        guard var joined = otherLine else { return line }
        joined.formUnion(line)
        return joined
    }
}
