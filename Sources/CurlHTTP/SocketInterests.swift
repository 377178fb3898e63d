// SPDX-License-Identifier: Apache-2.0

/// The socket events that libcurl requests, applied to a poller before each wait.
///
/// libcurl changes them for each pause of a transfer. A change that is reverted before the next wait
/// costs no system call.
struct SocketInterests {
    /// The last change of a socket since the last wait.
    private struct Change {
        /// The requested events, or `nil` if the socket was removed.
        var events: SocketPoller.Events?
        /// A Boolean value that indicates whether the socket was removed since the last wait.
        ///
        /// Its number may belong to another socket now, which the poller does not watch.
        var wasRemoved = false
    }

    private var changes: [Int32: Change] = [:]
    /// The events that the poller watches.
    private var watched: [Int32: SocketPoller.Events] = [:]

    /// Watches a socket for the given events only, from the next wait.
    mutating func watch(_ socket: Int32, for events: SocketPoller.Events) {
        changes[socket, default: Change()].events = events
    }

    /// Stops watching a socket.
    mutating func remove(_ socket: Int32) {
        changes[socket] = Change(events: nil, wasRemoved: true)
    }

    /// Applies all changes to a poller.
    ///
    /// - Returns: A Boolean value that indicates whether the poller accepted them.
    mutating func apply(to poller: SocketPoller) -> Bool {
        var isAccepted = true
        for (socket, change) in changes {
            let known = watched[socket]
            if let events = change.events {
                guard known != events || change.wasRemoved else { continue }
                isAccepted = poller.watch(socket, for: events, isNew: known == nil) && isAccepted
            } else if known != nil {
                poller.ignore(socket)
            }
            watched[socket] = change.events
        }
        changes.removeAll(keepingCapacity: true)
        return isAccepted
    }
}
