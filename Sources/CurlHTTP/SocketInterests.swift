// SPDX-License-Identifier: Apache-2.0

/// The events that libcurl wants of its sockets, of which a poller is told before each wait.
///
/// libcurl changes them for each pause of a transfer. Most changes are reverted before the next wait
/// and cost no system call.
struct SocketInterests {
    /// The latest wish for a socket since the last wait.
    private struct Change {
        /// The events, or `nil` if the socket is not used any more.
        var events: SocketPoller.Events?
        /// A Boolean value that indicates whether the socket was removed in between. Its number may
        /// belong to another socket now, which the poller does not know.
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

    /// Tells a poller all changes.
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
