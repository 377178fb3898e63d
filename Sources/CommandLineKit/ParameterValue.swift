// SPDX-License-Identifier: Apache-2.0

/// The number of values that a property takes.
public enum Arity: Hashable, Sendable {
    /// One value; the last one given.
    case one
    /// At most one value.
    case optional
    /// Any number of values, in their order.
    case many
}

/// A type of property that a parameter can be bound to: a value, an optional or an array.
public protocol ParameterValue: Sendable {
    /// The type of a single value.
    associatedtype Single: ArgumentValue

    /// The number of values.
    static var arity: Arity { get }

    /// Creates the property's value from the given values, with the last one separate.
    static func combining(_ earlier: [Single], _ last: Single) -> Self

    /// The current values.
    var singles: [Single] { get }
}

extension ArgumentValue {
    /// One value.
    public static var arity: Arity { .one }
    /// The last value given.
    public static func combining(_ earlier: [Self], _ last: Self) -> Self { last }
    /// The value itself.
    public var singles: [Self] { [self] }
}

extension Optional: ParameterValue where Wrapped: ArgumentValue {
    /// At most one value.
    public static var arity: Arity { .optional }
    /// The last value given.
    public static func combining(_ earlier: [Wrapped], _ last: Wrapped) -> Wrapped? { last }
    /// The value, if there is one.
    public var singles: [Wrapped] { map { [$0] } ?? [] }
}

extension Array: ParameterValue where Element: ArgumentValue {
    /// Any number of values.
    public static var arity: Arity { .many }
    /// All values given, in their order; they replace the default.
    public static func combining(_ earlier: [Element], _ last: Element) -> [Element] {
        earlier + [last]
    }
    /// The elements.
    public var singles: [Element] { self }
}
