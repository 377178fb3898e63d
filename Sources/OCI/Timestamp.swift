// SPDX-License-Identifier: Apache-2.0

/// The dates of an image config.
///
/// Source: RFC 3339; Go, `time.Time.UnmarshalJSON`, which rejects other texts.
enum Timestamp {
    /// Returns whether a text is a date and time, such as `2026-01-31T12:00:00.5Z`.
    static func isValid(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int) -> Int? {
            let word = rest.prefix(digits)
            guard word.count == digits, word.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            rest = rest.dropFirst(digits)
            return word.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        func take(_ mark: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: mark) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), take("-"), let month = number(2), take("-"),
            let day = number(2), take("T"), let hour = number(2), take(":"),
            let minute = number(2), take(":"), let second = number(2),
            (1...12).contains(month), (1...days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return false }
        if take(".") {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return false }
            rest = rest.dropFirst(digits.count)
        }
        if take("Z") { return rest.isEmpty }
        guard take("+") || take("-"), let hours = number(2), take(":"), let minutes = number(2)
        else { return false }
        return rest.isEmpty && hours < 24 && minutes < 60
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
