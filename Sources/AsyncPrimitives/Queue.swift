// SPDX-License-Identifier: Apache-2.0

/// A queue whose first element is removed in constant time, however many follow.
struct Queue<Element> {
    private var elements: [Element?] = []
    /// The number of removed elements at the start of the array.
    private var removed = 0

    /// The number of elements.
    var count: Int { elements.count - removed }

    /// A Boolean value that indicates whether there are no elements.
    var isEmpty: Bool { count == 0 }

    /// Returns the element at a position, where 0 is the first.
    subscript(position: Int) -> Element {
        guard let element = elements[removed + position] else {
            preconditionFailure("the element is removed")
        }
        return element
    }

    /// Adds an element at the end.
    mutating func append(_ element: Element) {
        elements.append(element)
    }

    /// Removes and returns the element at a position.
    @discardableResult
    mutating func remove(at position: Int) -> Element {
        let element = self[position]
        guard position == 0 else {
            elements.remove(at: removed + position)
            return element
        }
        elements[removed] = nil
        removed += 1
        // Each element is moved less than once on average.
        if removed * 2 > elements.count {
            elements.removeFirst(removed)
            removed = 0
        }
        return element
    }

    /// Returns the position of the first element with a property, or `nil` if there is none.
    func firstPosition(where matches: (Element) -> Bool) -> Int? {
        (0..<count).first { matches(self[$0]) }
    }
}
