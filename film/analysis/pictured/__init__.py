"""What is seen on pictures: where the network looks, and its feature maps."""
