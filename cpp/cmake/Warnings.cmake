# Warnings of our own code; TASTEMAKER_WERROR turns them into errors (CI does).
function(tastemaker_warnings TARGET)
  if(MSVC)
    target_compile_options(${TARGET} PRIVATE /W4 $<$<BOOL:${TASTEMAKER_WERROR}>:/WX>)
  else()
    target_compile_options(${TARGET} PRIVATE -Wall -Wextra -Wconversion -Wshadow $<$<BOOL:${TASTEMAKER_WERROR}>:-Werror>)
  endif()
endfunction()
