// SPDX-License-Identifier: Apache-2.0

/// A word of a command line that is traced.
struct Argument: Hashable {
    /// The text; `nil` if it is unknown.
    let text: String?
    /// A Boolean value that indicates whether this is exactly one word, and not any number.
    let isSingle: Bool

    init(_ text: String?) {
        self.text = text
        self.isSingle = true
    }

    private init() {
        text = nil
        isSingle = false
    }

    /// An unknown number of unknown words.
    static let anyNumber = Argument()
}
