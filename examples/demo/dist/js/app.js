document.title = "Shop v1.8.0";
