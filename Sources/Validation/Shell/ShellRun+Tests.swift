// SPDX-License-Identifier: Apache-2.0

/// The conditions of `test`, `[` and `[[`.
///
/// Conditions about files are not decided, because a volume can provide them.
///
/// Source: POSIX.1-2017, XCU, test.
extension ShellRun {
    /// Returns the result of `test`; `nil` if it is unknown.
    func test(_ words: ArraySlice<Argument>) -> Bool? {
        guard words.allSatisfy(\.isSingle) else { return nil }
        let texts = words.map(\.text)
        switch texts.count {
        case 0: return false
        case 1: return texts[0].map { !$0.isEmpty }
        case 2:
            switch texts[0] {
            case "!": return test(words.dropFirst()).map { !$0 }
            case "-n": return texts[1].map { !$0.isEmpty }
            case "-z": return texts[1].map { $0.isEmpty }
            default: return nil
            }
        case 3:
            guard let sign = texts[1] else { return nil }
            if let first = texts[0], let second = texts[2],
                let result = compare(first, by: sign, with: second)
            {
                return result
            }
            return texts[0] == "!" ? test(words.dropFirst()).map { !$0 } : nil
        case 4: return texts[0] == "!" ? test(words.dropFirst()).map { !$0 } : nil
        case 7 where texts[3] == "-a" || texts[3] == "-o":
            let results = [test(words.prefix(3)), test(words.suffix(3))]
            let isAnd = texts[3] == "-a"
            if results.contains(!isAnd) { return !isAnd }
            return results.contains(nil) ? nil : isAnd
        default: return nil
        }
    }

    private func compare(_ first: String, by sign: String, with second: String) -> Bool? {
        switch sign {
        case "=": return first == second
        case "!=": return first != second
        case "==":
            // dash reports an unexpected operator.
            switch shell {
            case "dash": return false
            case "bash", "busybox": return first == second
            default: return nil
            }
        default:
            guard let first = Int(first), let second = Int(second) else { return nil }
            switch sign {
            case "-eq": return first == second
            case "-ne": return first != second
            case "-lt": return first < second
            case "-le": return first <= second
            case "-gt": return first > second
            case "-ge": return first >= second
            default: return nil
            }
        }
    }

    /// Returns the result of `[[`, which compares with patterns; `nil` if it is unknown.
    ///
    /// Source: bash(1), Compound Commands.
    func patternTest(_ words: [ShellWord]?, in state: ShellState) -> Bool? {
        // dash has no such command.
        guard let words, shell == "bash" || shell == "busybox" else { return nil }
        switch words.count {
        case 2:
            guard let value = state.value(of: words[1], substitute) else { return nil }
            switch words[0].literal {
            case "-n": return !value.isEmpty
            case "-z": return value.isEmpty
            default: return nil
            }
        case 3:
            guard let value = state.value(of: words[0], substitute),
                let pattern = state.pattern(of: words[2], substitute)
            else { return nil }
            switch words[1].literal {
            case "=", "==": return pattern.matches(value)
            case "!=": return pattern.matches(value).map { !$0 }
            default: return nil
            }
        default: return nil
        }
    }
}
