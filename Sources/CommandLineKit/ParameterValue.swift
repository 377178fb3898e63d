// SPDX-License-Identifier: Apache-2.0

/// How many values a property takes.
public enum Arity: Hashable, Sendable {
    /// One; of several, the last.
    case one
    /// None or one.
    case optional
    /// Any number, in their order.
    case many
}

/// The type of a property that a parameter can be bound to: a value, an optional or an array of them.
public protocol ParameterValue: Sendable {
    /// What one argument gives.
    associatedtype Single: ArgumentValue

    /// How many values it takes.
    static var arity: Arity { get }

    /// Makes the property's value of what was given, the last apart from what came before it.
    static func combining(_ earlier: [Single], _ last: Single) -> Self

    /// The values that it holds now.
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
    /// None or one value.
    public static var arity: Arity { .optional }
    /// The last value given.
    public static func combining(_ earlier: [Wrapped], _ last: Wrapped) -> Wrapped? { last }
    /// The value, where there is one.
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
