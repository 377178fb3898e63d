// SPDX-License-Identifier: Apache-2.0

internal import CPosix
internal import Glibc

/// The sockets that an event loop waits for, and an event by which other threads end the wait.
///
/// The cost of a wait depends on the number of sockets with events, not on the number of sockets.
///
/// Source: epoll(7), eventfd(2).
struct SocketPoller: Sendable {
    /// The events of a socket.
    struct Events: OptionSet {
        let rawValue: Int32

        static let read = Events(rawValue: 1)
        static let write = Events(rawValue: 2)
        static let error = Events(rawValue: 4)
    }

    /// The maximum number of sockets that a wait returns.
    private static let maximumReadyCount = 128

    /// The event that ends the current or next wait.
    let wakeup: WakeupEvent
    private let poller: Int32

    /// Creates a poller without sockets, or returns `nil` if the system has no descriptors left.
    init?() {
        guard let wakeup = WakeupEvent() else { return nil }
        self.wakeup = wakeup
        poller = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poller >= 0 else { return nil }
        guard watch(wakeup.descriptor, for: .read) else {
            close()
            return nil
        }
    }

    /// Watches a socket for the given events only.
    ///
    /// - Parameters:
    ///   - socket: The socket.
    ///   - events: The events.
    ///   - isNew: A Boolean value that indicates whether the socket is probably not watched yet. A
    ///     wrong value costs a system call.
    /// - Returns: A Boolean value that indicates whether the system accepted it.
    func watch(_ socket: Int32, for events: Events, isNew: Bool = true) -> Bool {
        var flags: UInt32 = 0
        if events.contains(.read) { flags |= EPOLLIN.rawValue }
        if events.contains(.write) { flags |= EPOLLOUT.rawValue }
        return cposix_epoll_watch(poller, socket, flags, isNew) == 0
    }

    /// Stops watching a socket, which may be closed already.
    func ignore(_ socket: Int32) {
        _ = epoll_ctl(poller, EPOLL_CTL_DEL, socket, nil)
    }

    /// Waits for events, and calls `body` for each socket that has some.
    ///
    /// - Parameters:
    ///   - milliseconds: The time after which the wait ends.
    ///   - body: Receives a socket and its events.
    func wait(milliseconds: Int32, _ body: (Int32, Events) -> Void) {
        unsafe withUnsafeTemporaryAllocation(
            of: epoll_event.self, capacity: Self.maximumReadyCount
        ) { ready in
            var count: Int32
            // A process that was stopped and continues is interrupted, although signals are blocked.
            repeat {
                count = unsafe epoll_wait(
                    poller, ready.baseAddress, Int32(ready.count), milliseconds)
            } while count < 0 && errno == EINTR
            for index in 0..<Int(max(count, 0)) {
                let (socket, flags) = unsafe (ready[index].data.fd, ready[index].events)
                if socket == wakeup.descriptor {
                    wakeup.reset()
                } else {
                    body(socket, Events(flags))
                }
            }
        }
    }

    /// Closes the poller; no other method may be called afterwards.
    func close() {
        Glibc.close(poller)
    }
}

/// An event by which any thread ends a wait of a ``SocketPoller``.
///
/// Its descriptor is open as long as the object is referenced, so that a signal cannot reach another
/// file.
final class WakeupEvent: Sendable {
    /// The descriptor, which is readable from a signal until the reset.
    fileprivate let descriptor: Int32

    /// Creates an event, or returns `nil` if the system has no descriptors left.
    fileprivate init?() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        if descriptor < 0 { return nil }
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Ends the current or next wait.
    func signal() {
        eventfd_write(descriptor, 1)
    }

    fileprivate func reset() {
        cposix_reset_event(descriptor)
    }
}

extension SocketPoller.Events {
    /// Creates the events that epoll reports.
    fileprivate init(_ flags: UInt32) {
        self = []
        if flags & EPOLLIN.rawValue != 0 { insert(.read) }
        if flags & EPOLLOUT.rawValue != 0 { insert(.write) }
        if flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { insert(.error) }
    }
}
