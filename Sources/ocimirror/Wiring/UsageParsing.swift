// SPDX-License-Identifier: Apache-2.0

public import CommandLineKit
public import OCI

extension ValidationLevel: ArgumentValue {}

/// Reads a word of the command line as one of the nouns; a wrong one is an error of usage.
func usage<Noun>(
    _ origin: String, _ text: String, _ parser: (String) throws(ParseError) -> Noun
) throws(UsageError) -> Noun {
    do {
        return try parser(text)
    } catch {
        throw UsageError(
            ["ocimirror"],
            .invalidValue(of: origin, error.text, reason: error.reason, suggestion: nil))
    }
}
