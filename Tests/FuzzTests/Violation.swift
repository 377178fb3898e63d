// SPDX-License-Identifier: Apache-2.0

import TextSafety

/// A property that an input violates.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

/// Throws a violation unless a property holds.
func require(
    _ property: Bool, _ description: @autoclosure () -> String
) throws(Violation) {
    guard property else { throw Violation(description: description()) }
}

/// Throws a violation if a text could act on a terminal or begin a second line of a log.
func requireSafe(_ text: String, _ noun: String = "message") throws(Violation) {
    try require(
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
            || text.unicodeScalars.allSatisfy(\.isSafeToShow),
        "unsafe \(noun): \(text.debugDescription)")
    try require(text.utf8.count <= 16_384, "\(noun) of \(text.utf8.count) bytes")
}

/// Returns a value, or throws a violation if the expression throws.
func requireSuccess<Value>(
    _ action: String, _ expression: () throws -> Value
) throws(Violation) -> Value {
    do {
        return try expression()
    } catch {
        throw Violation(description: "\(action): \(error)")
    }
}
