// SPDX-License-Identifier: Apache-2.0

public import Synchronization

/// A value to which only one thread at a time has access.
///
/// This is the only lock of the project. It adds nothing to `Synchronization.Mutex`, except in builds
/// with `SANITIZER` (`ci/sanitize`): the Thread Sanitizer sees no lock of that library, which is not
/// instrumented, so there each access also reads and writes an atomic value, which it sees.
@frozen
public struct Mutex<Value: ~Copyable>: ~Copyable, Sendable {
    @usableFromInline
    let mutex: Synchronization.Mutex<Value>
    #if SANITIZER
        @usableFromInline
        let order = Atomic(0)
    #endif

    /// Creates a mutex with an initial value.
    @inlinable
    public init(_ value: consuming sending Value) {
        mutex = Synchronization.Mutex(value)
    }

    /// Waits for other threads that have access, then calls a closure with the value.
    ///
    /// - Parameter body: A closure that may change the value. It must not call this method.
    /// - Returns: The result of the closure.
    /// - Throws: The error of the closure.
    @inlinable
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        #if SANITIZER
            return try mutex.withLock { value throws(Failure) -> sending Result in
                _ = order.load(ordering: .acquiring)
                defer { order.store(0, ordering: .releasing) }
                return try body(&value)
            }
        #else
            return try mutex.withLock(body)
        #endif
    }
}
