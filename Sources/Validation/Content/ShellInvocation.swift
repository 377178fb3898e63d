// SPDX-License-Identifier: Apache-2.0

/// The command line of a shell.
///
/// Source: POSIX.1-2017, sh; bash(1), dash(1).
struct ShellInvocation {
    /// The source of the commands.
    enum Source: Hashable {
        case text(String)
        case script(String)
        /// The standard input, which has no commands in a container without a terminal unless a
        /// script redirects it.
        case input
        case unknown
    }

    private(set) var source = Source.input
    /// The value of `$0`.
    private(set) var name: Argument
    /// The arguments from `$1`; `nil` if they are unknown.
    private(set) var arguments: [Argument]? = []
    private(set) var exitsOnError = false
    /// A Boolean value that indicates whether the shell first reads files that can change every
    /// variable.
    private(set) var isLoginShell = false

    init(_ shell: String, _ words: [Argument]) {
        name = Argument(shell)
        var rest = words[...]
        var takesText = false
        var takesInput = false
        while let word = rest.first {
            guard let option = word.text else {
                source = .unknown
                return
            }
            guard option.hasPrefix("-") || option.hasPrefix("+") else { break }
            rest.removeFirst()
            if option == "--" || option == "-" { break }
            if option.hasPrefix("--") {
                if option == "--login" { isLoginShell = true }
                if ["--rcfile", "--init-file"].contains(option) { rest = rest.dropFirst() }
                continue
            }
            let isSet = option.hasPrefix("-")
            for character in option.dropFirst() {
                switch character {
                case "c": takesText = true
                case "s": takesInput = true
                case "l": isLoginShell = isSet
                case "e": exitsOnError = isSet
                case "i": isLoginShell = true
                case "o", "O":
                    if rest.first?.text == "errexit" { exitsOnError = isSet }
                    rest = rest.dropFirst()
                default: break
                }
            }
        }
        guard let first = rest.popFirst() else { return }
        guard first.isSingle else {
            source = .unknown
            arguments = nil
            return
        }
        if takesText {
            source = first.text.map(Source.text) ?? .unknown
            if let given = rest.popFirst() { name = given }
        } else if !takesInput {
            source = first.text.map(Source.script) ?? .unknown
            name = first
        }
        arguments = rest.allSatisfy(\.isSingle) ? Array(rest) : nil
    }
}
