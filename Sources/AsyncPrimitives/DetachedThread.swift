// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A thread for blocking calls, which would otherwise block a thread of the cooperative pool.
public enum DetachedThread {
    private final class Box {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// Starts a thread and returns 0, or returns an `errno`.
    public static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        let box = unsafe Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { raw in
                guard let raw = unsafe raw else { return nil }
                let box = unsafe Unmanaged<Box>.fromOpaque(raw).takeRetainedValue()
                box.body()
                return nil
            }, box.toOpaque())
        if code == 0 {
            pthread_detach(thread)
        } else {
            unsafe box.release()
        }
        return code
    }
}
