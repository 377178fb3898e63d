// SPDX-License-Identifier: Apache-2.0

public import CommandLineKit
public import OCI

extension ValidationLevel: ArgumentValue {}

/// Parses an argument, and converts an error to a usage error.
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
